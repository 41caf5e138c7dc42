//! `docs/guide/views.md`: its programs.

use dynamap::testing::TestDatabase;
use dynamap::{Model, Rebuild, Rows, View};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "users", view = ByCountry, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    country: String,
    posts: u64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "users_by_country", validate = false)]
struct CountryRow {
    #[model(hash_key)]
    country: String,
    #[model(default)]
    users: u64,
    #[model(default)]
    posts: u64,
}

struct ByCountry;

impl View for ByCountry {
    type Source = User;
    type Row = CountryRow;
    const NAME: &'static str = "by_country";

    fn add(user: &User, rows: &mut Rows<CountryRow>) {
        rows.add(&user.country, CountryRow::USERS, 1);
        rows.add(&user.country, CountryRow::POSTS, user.posts);
    }
}

fn user(id: u64, country: &str, posts: u64) -> User {
    User { id, country: country.to_owned(), posts, version: 0 }
}

async fn users() -> Result<TestDatabase, dynamap::testing::TestError> {
    TestDatabase::builder().with::<User>().with::<CountryRow>().build().await
}

#[tokio::test]
async fn rows_follow_the_items() -> Outcome {
    let test = users().await?;
    let db = test.database().clone();

    let mut ann = user(1, "CH", 10).insert(&db).await?;
    user(2, "CH", 5).insert(&db).await?;
    ann.country = "IT".to_owned();
    ann.save(&db).await?; // takes 1 and 10 from Switzerland, and adds them to Italy

    let swiss = CountryRow::get(&db, "CH").await?.ok_or("no row")?;
    assert_eq!((swiss.users, swiss.posts), (1, 5));

    ann.delete(&db).await?;
    assert!(CountryRow::get(&db, "IT").await?.is_none_or(|row| (row.users, row.posts) == (0, 0)));
    Ok(())
}

/// The release before the view: it counts nothing.
mod before {
    use super::Model;

    #[derive(Debug, Clone, Model)]
    #[model(table = "users", validate = false)]
    pub struct User {
        #[model(hash_key)]
        pub id: u64,
        pub country: String,
        pub posts: u64,
        #[model(version)]
        pub version: u64,
    }
}

#[tokio::test]
async fn a_rebuild_counts_what_was_there_before_the_view() -> Outcome {
    let test = users().await?;
    let db = test.database().clone();
    before::User { id: 1, country: "CH".to_owned(), posts: 7, version: 0 }.insert(&db).await?;

    let rebuilt = Rebuild::<ByCountry>::of(&db).run().await?;
    assert_eq!(rebuilt.items, 1);
    assert!(Rebuild::<ByCountry>::of(&db).verify().await?.is_exact());

    let swiss = CountryRow::get(&db, "CH").await?.ok_or("no row")?;
    assert_eq!((swiss.users, swiss.posts), (1, 7));
    Ok(())
}
