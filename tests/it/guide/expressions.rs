//! `docs/guide/expressions.md`: its programs.

use std::collections::BTreeSet;

use dynamap::testing::TestDatabase;
use dynamap::{Attribute, Condition, Database, Error, Loaded, Model};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "products", validate = false)]
struct Product {
    #[model(hash_key)]
    id: u64,
    name: String,
    price: i64,
    stock: u64,
    tags: BTreeSet<String>,
    origin: Origin,
}

#[derive(Debug, Clone, Attribute)]
struct Origin {
    country: String,
}

async fn shop() -> Result<TestDatabase, Box<dyn std::error::Error>> {
    let test = TestDatabase::builder().with::<Product>().build().await?;
    let products = [(1, "Lamp", 20, 5), (2, "Oak table", 900, 2), (3, "Oak chair", 90, 8)];
    for (id, name, price, stock) in products {
        let tags = if id == 2 { BTreeSet::from(["sale".to_owned()]) } else { BTreeSet::new() };
        let origin = Origin { country: if id == 1 { "IT" } else { "CH" }.to_owned() };
        let name = name.to_owned();
        Product { id, name, price, stock, tags, origin }.insert(test.database()).await?;
    }
    test.forget_requests();
    Ok(test)
}

#[tokio::test]
async fn a_filter_selects_and_a_condition_decides_where_a_change_is_made() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();

    let cheap = Product::PRICE.lt(50) | Product::TAGS.contains("sale");
    let found = Product::scan(&db).filter(cheap & Product::STOCK.gt(0)).try_collect().await?;
    assert_eq!(found.len(), 2);

    let sold = Product::update(&db, 1)
        .decrement(Product::STOCK, 3)
        .when(Product::STOCK.ge(3)) // judged with the change, in one request
        .returning_new()
        .await?;
    assert_eq!(sold.stock, 2);

    assert_eq!(test.requests(), ["Scan products", "UpdateItem products"]);
    let refused = Product::update(&db, 1).decrement(Product::STOCK, 3).when(Product::STOCK.ge(3));
    assert!(refused.await.is_err_and(|error| error.is_conflict()));
    Ok(())
}

/// What a form asks for; what it leaves open is no condition.
async fn search(
    db: &Database,
    name: Option<&str>,
    countries: &[&str],
) -> Result<Vec<Loaded<Product>>, Error> {
    let mut filter = Condition::none();
    if let Some(name) = name {
        filter = filter & Product::NAME.begins_with(name);
    }
    if !countries.is_empty() {
        filter = filter & Product::ORIGIN.to(Origin::COUNTRY).is_in(countries.iter().copied());
    }
    Product::scan(db).filter(filter).try_collect().await
}

#[tokio::test]
async fn a_condition_is_put_together_piece_by_piece() -> Outcome {
    let test = shop().await?;
    let db = test.database();
    assert_eq!(search(db, None, &[]).await?.len(), 3);
    assert_eq!(search(db, Some("Oak"), &[]).await?.len(), 2);
    assert_eq!(search(db, None, &["IT", "FR"]).await?.len(), 1);
    assert_eq!(search(db, Some("Oak"), &["IT"]).await?.len(), 0);
    Ok(())
}
