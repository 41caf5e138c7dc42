//! `docs/guide/keys.md`: its programs.

use dynamap::testing::TestDatabase;
use dynamap::{Collection, Loaded, Model, Table};

use crate::support::Outcome;

#[tokio::test]
async fn an_item_has_a_hash_key_and_a_range_key() -> Outcome {
    let test = TestDatabase::builder().build().await?;
    let db = test.database().clone();

    #[derive(Debug, Clone, Model)]
    #[model(table = "doom_maps", validate = false)]
    struct DoomMap {
        #[model(hash_key)]
        episode: u32,
        #[model(range_key)]
        map: u32,
        name: String,
    }

    Table::<DoomMap>::create(&db).await?;
    for (map, name) in [(1, "Hangar"), (2, "Nuclear Plant"), (3, "Toxin Refinery")] {
        DoomMap { episode: 1, map, name: name.to_owned() }.insert(&db).await?;
    }
    let hangar = DoomMap::get(&db, (1, 1)).await?; // hash and range key: one item, or none
    assert!(hangar.is_some_and(|map| map.name == "Hangar"));
    let later = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(1)).try_collect().await?;
    assert_eq!(later.len(), 2); // of one hash key, in the order of the range key

    assert_eq!((later[0].episode, later[0].map, later[1].map), (1, 2, 3));
    Ok(())
}

#[tokio::test]
async fn a_key_is_taken_from_a_counter() -> Outcome {
    let test = TestDatabase::builder().build().await?;
    let db = test.database().clone();

    #[derive(Debug, Clone, Model)]
    #[model(table = "accounts", validate = false)]
    struct Account {
        #[model(hash_key, auto_increment)]
        id: u64,
        balance: i64,
    }

    Table::<Account>::create(&db).await?;
    let ann = Account { id: 0, balance: 5 }.insert(&db).await?; // whatever the field holds
    let bob = Account { id: 0, balance: 7 }.insert(&db).await?;
    assert_eq!((ann.id, bob.id), (1, 2));

    assert_eq!(Account::get(&db, 2).await?.map(|bob| bob.balance), Some(7));
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(
    table = "shop",
    hash_key = "USER#{user}",
    range_key = "ORDER#{day}#{number:06}",
    validate = false
)]
struct Order {
    user: String,
    day: String,
    number: u32,
    total: i64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
struct Profile {
    user: String,
    name: String,
}

#[derive(Debug, Collection)]
struct Customer {
    profile: Option<Loaded<Profile>>,
    orders: Vec<Loaded<Order>>,
}

async fn shop() -> Result<TestDatabase, dynamap::testing::TestError> {
    TestDatabase::builder().with::<Order>().with::<Profile>().build().await
}

#[tokio::test]
async fn callers_write_fields_and_the_key_is_composed_of_them() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();

    let order = Order { user: "ann".into(), day: "2026-11-21".into(), number: 7, total: 90 };
    let stored = order.insert(&db).await?;
    assert_eq!(stored.image().text("sk"), Some("ORDER#2026-11-21#000007"));
    let found = Order::get(&db, ("ann", ("2026-11-21", 7))).await?;
    assert!(found.is_some());

    Ok(())
}

#[tokio::test]
async fn ranges_give_the_first_parts_and_compare_the_next_one() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    for (day, number) in
        [("2026-11-20", 1), ("2026-11-21", 2), ("2026-11-21", 3), ("2026-11-22", 4)]
    {
        Order { user: "ann".into(), day: day.into(), number, total: 5 }.insert(&db).await?;
    }
    let all = || Order::query(&db, "ann");
    assert_eq!(all().range(Order::SK.with("2026-11-21")).count().await?, 2);
    assert_eq!(all().range(Order::SK.ge("2026-11-21")).count().await?, 3);
    assert_eq!(all().range(Order::SK.with("2026-11-21").gt(2)).count().await?, 1);
    assert_eq!(all().range(Order::SK.between("2026-11-20", "2026-11-21")).count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn one_query_reads_the_models_of_a_hash_key() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    Profile { user: "ann".into(), name: "Ann".into() }.insert(&db).await?;
    for number in [1, 2] {
        let day = "2026-11-21".to_owned();
        Order { user: "ann".into(), day, number, total: 5 }.insert(&db).await?;
    }
    test.forget_requests();

    let ann = Customer::query(&db, "ann").await?;
    assert_eq!((ann.profile.is_some(), ann.orders.len()), (true, 2));

    assert_eq!(ann.profile.map(|ann| ann.name.clone()).as_deref(), Some("Ann"));
    assert_eq!(ann.orders[1].total, 5);
    assert_eq!(test.requests(), ["Query shop"]);
    Ok(())
}

/// A model that has a table of its own, so that it needs no composed keys.
mod indexed {
    use dynamap::testing::TestDatabase;
    use dynamap::{Model, Projection};

    use crate::support::Outcome;

    #[derive(Debug, Clone, Model)]
    #[model(table = "orders", validate = false)]
    #[model(gsi(by_status, hash_key = status, range_key = [day, number]))]
    #[model(gsi(by_place, hash_key = [country, city], include = [total]))]
    #[model(gsi(by_day, hash_key = "DAY#{day}", range_key = "{status}#{number:04}"))]
    #[model(lsi(by_total, range_key = total))]
    struct Order {
        #[model(hash_key)]
        customer: String,
        #[model(range_key)]
        number: u32,
        status: String,
        day: String,
        country: String,
        city: String,
        total: i64,
    }

    #[derive(Debug, Projection)]
    #[model(of = Order)]
    struct Sum {
        number: u32,
        total: i64,
    }

    #[tokio::test]
    async fn an_index_is_queried_by_its_constant() -> Outcome {
        let test = TestDatabase::builder().with::<Order>().build().await?;
        let db = test.database().clone();
        for (number, day) in [(1, "2026-11-19"), (2, "2026-11-20"), (3, "2026-11-21")] {
            let order = Order {
                customer: "ann".into(),
                number,
                status: "open".into(),
                day: day.into(),
                country: "CH".into(),
                city: "Bern".into(),
                total: 10,
            };
            order.insert(&db).await?;
        }
        test.forget_requests();

        let since = Order::DAY.ge("2026-11-20");
        let open = Order::BY_STATUS.query(&db, "open").range(since).try_collect().await?;
        assert_eq!(open.len(), 2);

        let bern = Order::BY_PLACE.query(&db, ("CH", "Bern"));
        let sums = bern.select::<Sum>().try_collect().await?; // `Sum`: see "Reading some attributes"
        assert_eq!(sums.iter().map(|sum| sum.total).sum::<i64>(), 30);

        assert_eq!(sums.iter().map(|sum| sum.number).sum::<u32>(), 6);
        assert_eq!(test.requests(), ["Query orders/by_status", "Query orders/by_place"]);
        let day = Order::BY_DAY.query(&db, "2026-11-21").try_collect().await?;
        assert_eq!(day.len(), 1);
        let large = Order::BY_TOTAL.query(&db, "ann").range(Order::TOTAL.gt(5)).count().await?;
        assert_eq!(large, 3);
        Ok(())
    }
}
