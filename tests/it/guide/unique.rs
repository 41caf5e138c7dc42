//! `docs/guide/unique.md`: its programs.

use dynamap::error::Reason;
use dynamap::testing::TestDatabase;
use dynamap::{Error, Model, Unique};

use crate::support::Outcome;

#[derive(Debug, Clone, Default, Model)]
#[model(table = "users", validate = false, unique(tenant, login))]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: Option<String>,
    tenant: String,
    login: Option<String>,
    #[model(version)]
    version: u64,
}

fn user(id: u64, email: &str) -> User {
    User { id, email: Some(email.to_owned()), ..User::default() }
}

#[tokio::test]
async fn a_value_that_is_taken_is_a_conflict_that_names_the_owner() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let db = test.database().clone();

    user(1, "ann@example.org").insert(&db).await?;
    let error = user(2, "ann@example.org").insert(&db).await.expect_err("it is taken");
    let Error::Conflict(conflict) = &error else { return Err(error.into()) };
    let failure = &conflict.failures()[0];
    assert!(matches!(failure.reason(), Reason::NotUnique { constraint: "email" }));
    assert_eq!(failure.owner().map(ToString::to_string).as_deref(), Some("id = 1"));

    assert!(!error.is_retryable());
    assert!(User::get(&db, 2).consistent().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_item_is_found_by_its_value() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let db = test.database().clone();
    user(1, "ann@example.org").insert(&db).await?;

    let ann = Unique::find(&db, User::EMAIL, "ann@example.org").await?;
    assert_eq!(ann.map(|ann| ann.id), Some(1));

    Ok(())
}

#[tokio::test]
async fn two_users_of_one_tenant_have_two_logins() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let db = test.database();
    let user = |id, tenant: &str| {
        let login = Some("ann".to_owned());
        User { id, tenant: tenant.to_owned(), login, ..User::default() }
    };
    user(1, "a").insert(db).await?;
    user(2, "b").insert(db).await?;
    assert!(user(3, "b").insert(db).await.is_err_and(|error| error.is_conflict()));
    Ok(())
}
