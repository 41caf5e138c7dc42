//! Writes by key inside a transaction: blind, joined, made in memory of what is known, of older items.

use dynamap::error::Reason;
use dynamap::{
    AttributeValue, Database, Error, Item, Loaded, Migrations, Model, Step, StepError, Table,
    Transaction,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    Account, DoomMap, Outcome, account, accounts, get, n, put_raw, s, store, stored,
};

#[tokio::test]
async fn items_are_written_by_key_without_being_read_and_not_in_each_others_way() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0, 0]).await?;
    faults.clear_log();
    let (one, two) = (Transaction::begin(&db), Transaction::begin(&db));
    for tx in [&one, &two] {
        tx.write(Account::update(&db, 1).decrement(Account::BALANCE, 30))?;
        tx.write(Account::update(&db, 2).increment(Account::BALANCE, 30))?;
    }
    two.write(Account::delete(&db, 3).when(Account::BALANCE.eq(0)))?;
    one.commit().await?;
    two.commit().await?;
    assert_eq!(faults.requests().len(), 2);
    let (one, two) = (account(&db, 1).await, account(&db, 2).await);
    assert_eq!((one.balance, one.version, two.balance), (40, 3, 60));
    assert!(Account::get(&db, 3).consistent().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn one_write_by_key_and_nothing_else_is_a_plain_request() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    faults.clear_log();
    tx.commit().await?;
    assert_eq!((faults.requests().len(), faults.count("UpdateItem")), (1, 1));
    Ok(())
}

#[tokio::test]
async fn conditions_by_key_fail_the_commit_with_their_labels() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    let debit = tx.write(
        Account::update(&db, 1)
            .decrement(Account::BALANCE, 300)
            .when(Account::BALANCE.ge(300).label("solvent")),
    )?;
    let credit = tx.write(Account::update(&db, 2).increment(Account::BALANCE, 300))?;
    // More conditions on the same item are joined, and told apart.
    tx.require::<Account>(2, Account::OWNER.eq("bob").label("of bob"))?;
    tx.require::<Account>(2, Account::OWNER.begins_with("some").label("of someone"))?;
    let error = tx.commit().await.expect_err("too little");
    let failure = debit.failure(&error).expect("its failure");
    assert_eq!((failure.reason(), failure.labels()), (&Reason::Condition, ["solvent"].as_slice()));
    assert_eq!(failure.stored::<Account>()?.expect("there").balance, 100);
    assert_eq!(
        credit.failure(&error).map(dynamap::error::Failure::labels),
        Some(["of bob"].as_slice())
    );
    assert_eq!(account(&db, 2).await.balance, 0);
    Ok(())
}

#[tokio::test]
async fn a_missing_item_fails_what_needs_one() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    let missing = tx.write(Account::update(&db, 7).add(Account::BALANCE, 1))?;
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    let error = tx.commit().await.expect_err("no account 7");
    assert!(missing.failure(&error).expect("its failure").image().is_none());
    // Known to be missing, it fails at once; what needs no item does not.
    let tx = Transaction::begin(&db);
    assert!(Account::get(&tx, 7).await?.is_none());
    let update = tx.write(Account::update(&db, 7).add(Account::BALANCE, 1));
    assert!(update.expect_err("known").is_not_found());
    assert!(tx.require::<Account>(7, Account::OWNER.eq("x")).is_err());
    tx.write(Account::delete(&db, 7).unchecked())?;
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    tx.commit().await?;
    assert_eq!(account(&db, 1).await.balance, 101);
    Ok(())
}

#[tokio::test]
async fn writes_by_key_of_one_item_are_joined_where_they_do_not_depend_on_each_other() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    tx.require::<Account>(1, Account::BALANCE.gt(0))?;
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    tx.write(Account::update(&db, 1).set(Account::OWNER, "ann"))?;
    tx.write(Account::update(&db, 1).set(Account::OWNER, "bob"))?;
    // These go by what the first update leaves.
    for refused in [
        Account::update(&db, 1).add(Account::BALANCE, 1),
        Account::update(&db, 1).set(Account::OWNER, "x").when(Account::BALANCE.gt(100)),
    ] {
        assert!(matches!(tx.write(refused), Err(Error::Usage(_))));
    }
    assert!(matches!(tx.write(Account::delete(&db, 1).unchecked()), Err(Error::Usage(_))));
    assert!(matches!(tx.require::<Account>(1, Account::BALANCE.gt(100)), Err(Error::Usage(_))));
    let loaded = account(&db, 1).await;
    assert!(matches!(tx.save(loaded), Err(Error::Usage(_))));
    tx.write(Account::update(&db, 2).add(Account::BALANCE, 1))?;
    faults.clear_log();
    tx.commit().await?;
    assert_eq!(faults.requests().len(), 1);
    let one = account(&db, 1).await;
    assert_eq!((one.balance, one.owner.as_str(), one.version), (101, "bob", 2));
    Ok(())
}

#[tokio::test]
async fn what_was_written_by_key_can_be_got_and_is_checked_from_then_on() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 5]).await?;
    let tx = Transaction::begin(&db);
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1).when(Account::BALANCE.ge(100)))?;
    faults.clear_log();
    let mut one = get(&tx, 1).await?;
    assert_eq!((one.balance, faults.count("GetItem")), (101, 1));
    // Again, now that it is known: in memory, and dependent on what it is by now.
    tx.write(Account::update(&db, 1).add(Account::BALANCE, 1).when(Account::BALANCE.eq(101)))?;
    assert_eq!(get(&tx, 1).await?.balance, 102);
    one.balance = 7;
    assert!(tx.save(one).expect_err("loaded before the last update").is_conflict());
    let mut one = get(&tx, 1).await?;
    one.balance *= 2;
    tx.save(one)?;
    let nested = tx.nested();
    nested.write(Account::update(&db, 1).add(Account::BALANCE, 1000))?;
    assert_eq!(get(&nested, 1).await?.balance, 1204);
    drop(nested);
    // A condition that does not hold of what is known fails at once, and changes nothing.
    let error = tx
        .write(
            Account::update(&db, 1)
                .add(Account::BALANCE, 1)
                .when(Account::BALANCE.lt(0).label("debt")),
        )
        .expect_err("204");
    let Error::Conflict(conflict) = error else { panic!("{error:?}") };
    assert_eq!(conflict.failures()[0].labels(), ["debt"]);

    let loser = Transaction::begin(&db);
    loser.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    get(&loser, 1).await?;
    tx.commit().await?;
    assert_eq!(account(&db, 1).await.balance, 204);
    assert!(loser.commit().await.expect_err("it was read").is_conflict());

    let tx = Transaction::begin(&db);
    tx.write(Account::update(&db, 2).add(Account::BALANCE, 1).when(Account::BALANCE.eq(0)))?;
    assert!(get(&tx, 2).await.expect_err("it is 5").is_conflict());
    Ok(())
}

#[tokio::test]
async fn what_this_transaction_inserted_can_be_written_by_key() -> Outcome {
    let (db, _) = store().await;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 1, "Hangar"))?;
    tx.write(DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "Entryway"))?;
    tx.insert(DoomMap::new(1, 2, "Plant"))?;
    tx.write(DoomMap::delete(&db, (1, 2)).unchecked())?;
    assert!(DoomMap::get(&tx, (1, 2)).await?.is_none());
    tx.commit().await?;
    let map = DoomMap::get(&db, (1, 1)).await?.expect("there");
    assert_eq!((map.name.as_str(), map.version), ("Entryway", 1));
    assert!(DoomMap::get(&db, (1, 2)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn writes_by_key_of_nested_and_merged_transactions_are_taken_over() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0, 0]).await?;
    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    nested.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    // Read through the parent meanwhile: then it is checked, too.
    assert_eq!(get(&tx, 1).await?.balance, 100);
    nested.commit().await?;
    let apart = Transaction::begin(&db);
    apart.write(Account::update(&db, 2).add(Account::BALANCE, 1))?;
    tx.merge(apart)?;
    // One level's write is not another's to build on, unread.
    let nested = tx.nested();
    assert!(matches!(
        nested.write(Account::update(&db, 2).set(Account::OWNER, "x")),
        Err(Error::Usage(_))
    ));
    drop(nested);
    let clash = Transaction::begin(&db);
    clash.write(Account::update(&db, 2).add(Account::BALANCE, 1))?;
    assert!(matches!(tx.merge(clash), Err(Error::Usage(_))));
    tx.commit().await?;
    assert_eq!((account(&db, 1).await.balance, account(&db, 2).await.balance), (101, 1));

    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    nested.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    get(&tx, 1).await?;
    nested.commit().await?;
    account(&db, 1).await.save(&db).await?;
    assert!(tx.commit().await.expect_err("read, and changed").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_write_for_another_database_is_refused() -> Outcome {
    let ((db, _), (other, _)) = (store().await, store().await);
    let tx = Transaction::begin(&db);
    let write = Account::update(&other, 1).add(Account::BALANCE, 1);
    assert!(matches!(tx.write(write), Err(Error::Usage(_))));
    Ok(())
}

fn cents(item: &mut Item) -> Result<(), StepError> {
    let Some(AttributeValue::N(euros)) = item.remove("euros") else {
        return Err(StepError::new("euros", "absent"));
    };
    item.insert("cents", n(format!("{euros}00")));
    Ok(())
}

static MIGRATIONS: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", cents)]);

#[derive(Debug, Clone, Model)]
#[model(table = "purses", validate = false, schema = "2.0.0", migrations = MIGRATIONS)]
struct Purse {
    #[model(hash_key)]
    name: String,
    cents: i64,
    #[model(alias = "coin-list", default = vec!["cent".to_owned()])]
    coins: Vec<String>,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn older_items_are_upgraded_with_the_write() -> Outcome {
    let (db, faults) = store().await;
    Table::<Purse>::create(&db).await?;
    let version = ("version", n(3));
    put_raw(&db, "purses", &[("name", s("old")), ("euros", n(5)), version.clone()]).await;
    let list = AttributeValue::L(vec![s("dime")]);
    let schema = ("_schema", s("2.0.0"));
    put_raw(
        &db,
        "purses",
        &[("name", s("alias")), ("cents", n(1)), ("coin-list", list), schema, version.clone()],
    )
    .await;
    let newer = ("_schema", s("3.0.0"));
    put_raw(&db, "purses", &[("name", s("newer")), ("cents", n(1)), newer, version]).await;

    let tx = Transaction::begin(&db);
    tx.write(Purse::update(&db, "old").add(Purse::CENTS, 1).when(Purse::CENTS.eq(500)))?;
    tx.write(Purse::update(&db, "alias").append(Purse::COINS, &["cent".to_owned()]))?;
    faults.clear_log();
    tx.commit().await?;
    // Both are met in their old shape at once, and made of it the second time.
    assert_eq!((faults.count("TransactWriteItems"), faults.requests().len()), (2, 2));
    let old = stored(&db, "purses", &[("name", s("old"))]).await.expect("there");
    assert_eq!((old.get("cents"), old.get("euros")), (Some(&n(501)), None));
    assert_eq!((old.get("_schema"), old.get("version")), (Some(&s("2.0.0")), Some(&n(4))));
    assert_eq!(Purse::get(&db, "alias").await?.expect("there").coins, ["dime", "cent"]);

    let tx = Transaction::begin(&db);
    tx.write(Purse::update(&db, "newer").add(Purse::CENTS, 1))?;
    tx.write(Purse::update(&db, "old").add(Purse::CENTS, 1))?;
    assert!(matches!(tx.commit().await, Err(Error::SchemaTooNew(_))));
    let tx = Transaction::begin(&db);
    tx.write(
        Purse::update(&db, "old").add(Purse::CENTS, 1).when(Purse::CENTS.eq(500).label("500")),
    )?;
    tx.require::<Purse>("alias", Purse::CENTS.eq(1))?;
    assert!(tx.commit().await.expect_err("501").is_conflict());
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "grids", validate = false)]
struct Grid {
    #[model(hash_key)]
    id: u64,
    rows: Vec<Vec<u64>>,
    maps: Vec<BTreeMap<String, u64>>,
}

#[tokio::test]
async fn positions_in_nested_lists_are_those_before_the_update() -> Outcome {
    let (db, _) = store().await;
    Table::<Grid>::create(&db).await?;
    let grid = || Grid {
        id: 1,
        rows: (0..4).map(|row| (0..4).map(|cell| 10 * row + cell).collect()).collect(),
        maps: (0..4).map(|n| BTreeMap::from([("a".to_owned(), n), ("b".to_owned(), n)])).collect(),
    };
    for (row, inner, cell) in [(0, 1, 0), (0, 3, 2), (3, 1, 0), (2, 1, 3), (1, 2, 9)] {
        let update = || {
            Grid::update(&db, 1)
                .remove_at(Grid::ROWS, row)
                .remove_at(Grid::ROWS.index(inner), cell)
                .remove_at(Grid::MAPS, row)
                .remove_entry(Grid::MAPS.index(inner), "a")
        };
        grid().upsert(&db).await?;
        let tx = Transaction::begin(&db);
        Grid::get(&tx, 1).await?;
        tx.write(update())?;
        let in_memory = Grid::get(&tx, 1).await?.expect("there").into_inner();
        drop(tx);
        let by_the_service = update().returning_new().await?.into_inner();
        assert_eq!(in_memory, by_the_service, "{row} {inner} {cell}");
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "sheets", validate = false)]
struct Sheet {
    #[model(hash_key)]
    id: u64,
    name: Option<String>,
    copy: Option<String>,
    total: i64,
    price: f64,
    scores: BTreeMap<String, i64>,
    list: Vec<i64>,
    tags: BTreeSet<String>,
    #[model(version)]
    version: u64,
}

/// One change of a sheet.
#[derive(Debug, Clone)]
enum Edit {
    Name(String),
    Unname,
    Copy,
    NameIfAbsent(String),
    Total(i64),
    Less(i64),
    Price(i32),
    Sum(i64),
    Score(String, i64),
    RaiseScore(String, i64),
    Unscore(String),
    Append(Vec<i64>),
    Prepend(Vec<i64>),
    Element(usize, i64),
    RemoveAt(usize),
    Tag(BTreeSet<String>),
    Untag(BTreeSet<String>),
}

fn edit() -> impl Strategy<Value = Edit> {
    let word = || "[ab]{1,2}";
    let tags = || prop::collection::btree_set("[a-c]", 1..3);
    let numbers = || prop::collection::vec(-5..5_i64, 1..3);
    prop_oneof![
        word().prop_map(Edit::Name),
        Just(Edit::Unname),
        Just(Edit::Copy),
        word().prop_map(Edit::NameIfAbsent),
        (-100..100_i64).prop_map(Edit::Total),
        (-100..100_i64).prop_map(Edit::Less),
        (-100..100_i32).prop_map(Edit::Price),
        (-100..100_i64).prop_map(Edit::Sum),
        (word(), -5..5_i64).prop_map(|(key, by)| Edit::Score(key, by)),
        (word(), -5..5_i64).prop_map(|(key, by)| Edit::RaiseScore(key, by)),
        word().prop_map(Edit::Unscore),
        numbers().prop_map(Edit::Append),
        numbers().prop_map(Edit::Prepend),
        (0..4_usize, -5..5_i64).prop_map(|(index, value)| Edit::Element(index, value)),
        (0..4_usize).prop_map(Edit::RemoveAt),
        tags().prop_map(Edit::Tag),
        tags().prop_map(Edit::Untag),
    ]
}

fn update<'a>(db: &'a Database, edits: &[Edit]) -> dynamap::Update<'a, Sheet> {
    edits.iter().fold(Sheet::update(db, 1), |update, edit| match edit {
        Edit::Name(name) => update.set(Sheet::NAME, name.as_str()),
        Edit::Unname => update.remove(Sheet::NAME),
        Edit::Copy => update.set_to(Sheet::COPY, Sheet::NAME),
        Edit::NameIfAbsent(name) => update.set_if_absent(Sheet::NAME, name.as_str()),
        Edit::Total(by) => update.add(Sheet::TOTAL, *by),
        Edit::Less(by) => update.decrement(Sheet::TOTAL, *by),
        Edit::Price(by) => update.increment(Sheet::PRICE, f64::from(*by) / 8.0),
        Edit::Sum(by) => update.set_to(Sheet::TOTAL, Sheet::TOTAL.plus(*by)),
        Edit::Score(key, value) => update.set(Sheet::SCORES.entry(key), *value),
        Edit::RaiseScore(key, by) => update.add(Sheet::SCORES.entry(key), *by),
        Edit::Unscore(key) => update.remove_entry(Sheet::SCORES, key),
        Edit::Append(more) => update.append(Sheet::LIST, more),
        Edit::Prepend(more) => update.prepend(Sheet::LIST, more),
        Edit::Element(index, value) => update.set(Sheet::LIST.index(*index), *value),
        Edit::RemoveAt(index) => update.remove_at(Sheet::LIST, *index),
        Edit::Tag(tags) => update.add(Sheet::TAGS, tags),
        Edit::Untag(tags) => update.delete_from(Sheet::TAGS, tags),
    })
}

fn sheet() -> impl Strategy<Value = Sheet> {
    let scores = prop::collection::btree_map("[ab]{1,2}", -5..5_i64, 0..3);
    let list = prop::collection::vec(-5..5_i64, 0..4);
    let tags = prop::collection::btree_set("[a-c]", 0..3);
    (prop::option::of("[ab]"), -100..100_i64, scores, list, tags).prop_map(
        |(name, total, scores, list, tags)| Sheet {
            id: 1,
            name,
            copy: None,
            total,
            price: 0.5,
            scores,
            list,
            tags,
            version: 0,
        },
    )
}

/// What changes made in memory leave is what the service makes of them, also that they cannot be made.
#[test]
fn a_change_in_memory_leaves_what_the_service_would() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let db = Database::new(dynamap::embedded::memory().expect("a store"));
    runtime.block_on(Table::<Sheet>::create(&db)).expect("a table");
    let edits = prop::collection::vec(edit(), 1..5);
    proptest!(ProptestConfig::with_cases(300), |(sheet in sheet(), edits in edits)| {
        runtime.block_on(async {
            sheet.clone().upsert(&db).await.expect("the sheet");
            // In memory, since it is known.
            let tx = Transaction::begin(&db);
            Sheet::get(&tx, 1).await.expect("a read").expect("the sheet");
            let made = tx.write(update(&db, &edits));
            let in_memory = Sheet::get(&tx, 1).await.expect("a read").map(Loaded::into_inner);
            drop(tx);
            let by_the_service = update(&db, &edits).returning_new().await;
            prop_assert_eq!(made.is_ok(), by_the_service.is_ok(), "{:?} {:?}", made, by_the_service);
            if let Ok(by_the_service) = by_the_service {
                let mut by_the_service = by_the_service.into_inner();
                let mut in_memory = in_memory.expect("there");
                (by_the_service.version, in_memory.version) = (0, 0);
                prop_assert_eq!(in_memory, by_the_service);
            }
            Ok(())
        })?;
    });
}
