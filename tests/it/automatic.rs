//! What the library fills by itself, and the hooks that see every write and read. The clock and the ids are fixed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Database, Error, FromClock, Item, Loaded, Model, Report, Table, Transaction, Ttl, UnixMillis,
    WriteVerb,
};
use uuid::Uuid;

use crate::support::{Outcome, n, put_raw, s, stored};

const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "orders", validate = false)]
struct Order {
    #[model(hash_key, uuid)]
    id: Uuid,
    #[model(uuid = "v7")]
    trace: Uuid,
    text: String,
    #[model(created_at)]
    created: u64,
    #[model(updated_at, with = UnixMillis, rename = "changed")]
    updated: SystemTime,
    #[model(ttl = DAY)]
    expires: Option<Ttl>,
    #[model(version)]
    version: u64,
}

impl Order {
    fn new(text: &str) -> Self {
        Self {
            id: Uuid::nil(),
            trace: Uuid::nil(),
            text: text.to_owned(),
            created: 77,
            updated: UNIX_EPOCH,
            expires: None,
            version: 0,
        }
    }
}

/// A model without a version, with hooks and validation.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "users", validate_with = check)]
#[model(normalize = User::lower, before_write = User::complete, after_read = greet)]
struct User {
    #[model(hash_key)]
    login: String,
    #[model(rename = "e-mail")]
    email: String,
    #[model(default)]
    verb: String,
    #[model(default)]
    greeting: String,
    #[model(updated_at, default)]
    changed: Option<i64>,
}

fn check(user: &User) -> Result<(), Report> {
    let mut report = Report::new();
    if user.email.contains(char::is_uppercase) {
        report.append(garde::Path::new("email"), garde::Error::new("not normalised"));
    }
    if !user.email.contains('@') {
        report.append(garde::Path::new("email").join("host"), garde::Error::new("no host"));
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}

impl User {
    fn new(login: &str, email: &str) -> Self {
        Self {
            login: login.to_owned(),
            email: email.to_owned(),
            verb: String::new(),
            greeting: String::new(),
            changed: None,
        }
    }

    fn lower(&mut self) {
        self.email = self.email.to_lowercase();
    }

    fn complete(mut self, verb: WriteVerb) -> Result<Self, Report> {
        if self.email.starts_with("root@") {
            let mut report = Report::new();
            report.append(garde::Path::new("email"), garde::Error::new("reserved"));
            return Err(report);
        }
        if self.email.starts_with("move@") {
            self.login = "elsewhere".into();
        }
        self.verb = format!("{verb:?}");
        // The library owns this one.
        self.changed = Some(-1);
        Ok(self)
    }
}

fn greet(mut user: User, item: &Item) -> User {
    user.greeting = format!("Hello {}", item.text("e-mail").unwrap_or_default());
    user
}

/// A clock that shows what the test says, in milliseconds since 1970.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// A store whose clock shows 1 000 000 ms.
async fn store() -> (Database, Faults, Clock) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    let clock = Clock::default();
    clock.set(1_000_000);
    let own = clock.clone();
    let db = Database::builder(client).seed(7).clock(move || own.now()).build();
    Table::<Order>::create(&db).await.expect("orders");
    Table::<User>::create(&db).await.expect("users");
    faults.clear_log();
    (db, faults, clock)
}

async fn order(db: &Database, id: Uuid) -> Loaded<Order> {
    Order::get(db, id).consistent().await.expect("a read").expect("the order")
}

async fn raw(db: &Database, login: &str) -> Item {
    stored(db, "users", &[("login", s(login))]).await.expect("the user")
}

#[tokio::test]
async fn an_insert_sets_both_times_by_the_clock_whatever_the_fields_hold() -> Outcome {
    let (db, _, _) = store().await;
    let order = Order::new("tea").insert(&db).await?;
    assert_eq!((order.created, order.updated), (1_000, at(1_000_000)));
    let item = stored(&db, "orders", &[("id", s(&order.id.to_string()))]).await.expect("stored");
    assert_eq!(item.get("created"), Some(&n(1_000)));
    assert_eq!(item.get("changed"), Some(&n(1_000_000)));
    assert_eq!(*super::automatic::order(&db, order.id).await, *order);
    Ok(())
}

#[tokio::test]
async fn created_at_never_changes_after_the_insert_and_updated_at_with_every_write() -> Outcome {
    let (db, _, clock) = store().await;
    let mut tea = Order::new("tea").insert(&db).await?;

    clock.set(2_000_000);
    tea.created = 5;
    tea.updated = at(5);
    tea.save(&db).await?;
    assert_eq!((tea.created, tea.updated, tea.version), (1_000, at(2_000_000), 2));
    assert_eq!(*order(&db, tea.id).await, *tea);

    clock.set(3_000_000);
    Order::update(&db, tea.id).set(Order::TEXT, "green tea").await?;
    let now = order(&db, tea.id).await;
    assert_eq!((now.created, now.updated, now.text.as_str()), (1_000, at(3_000_000), "green tea"));

    clock.set(4_000_000);
    let now = Order { text: "black tea".into(), ..now.into_inner() }.upsert(&db).await?;
    assert_eq!((now.created, now.updated), (1_000, at(4_000_000)));

    clock.set(5_000_000);
    let now = now.into_inner().replace(&db).await?;
    assert_eq!((now.created, now.updated, now.version), (1_000, at(5_000_000), 5));
    assert_eq!(*order(&db, tea.id).await, *now);
    Ok(())
}

#[tokio::test]
async fn an_upsert_that_creates_the_item_sets_its_time_of_creation() -> Outcome {
    let (db, _, clock) = store().await;
    clock.set(9_000_000);
    let id = Uuid::from_u128(9);
    let order = Order { id, ..Order::new("tea") }.upsert(&db).await?;
    assert_eq!((order.created, order.updated), (9_000, at(9_000_000)));
    Ok(())
}

#[tokio::test]
async fn transactions_fill_the_same_fields() -> Outcome {
    let (db, _, clock) = store().await;
    let tea = Order::new("tea").insert(&db).await?;
    clock.set(2_000_000);
    let tx = Transaction::begin(&db);
    let mut tea = Order::get(&tx, tea.id).await?.expect("there");
    tea.text = "green tea".into();
    tea.created = 5;
    let tea = tx.save(tea)?;
    let milk = tx.insert(Order::new("milk"))?;
    // What the transaction itself created keeps its time when it is saved in the same transaction.
    let sugar = Order { id: Uuid::from_u128(3), ..Order::new("sugar") };
    tx.insert(sugar)?;
    clock.set(3_000_000);
    let mut sugar = Order::get(&tx, Uuid::from_u128(3)).await?.expect("its own write");
    sugar.text = "no sugar".into();
    let sugar = tx.save(sugar)?;
    let receipt = tx.commit().await?;
    let (tea, milk, sugar) = (receipt.take(tea)?, receipt.take(milk)?, receipt.take(sugar)?);
    assert_eq!((tea.created, tea.updated), (1_000, at(2_000_000)));
    assert_eq!((milk.created, milk.updated), (2_000, at(2_000_000)));
    assert_eq!((sugar.created, sugar.updated), (2_000, at(3_000_000)));
    assert!(!milk.id.is_nil());
    assert_eq!(order(&db, milk.id).await.text, "milk");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_sent_again_keeps_its_id_and_its_times() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::DropBefore, Fault::Throttle] {
        let (db, faults, clock) = store().await;
        let ticking = clock.clone();
        // The clock goes on while the insert waits for its second attempt.
        let ticks = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                ticking.0.fetch_add(1_000, Ordering::SeqCst);
            }
        });
        faults.next("TransactWriteItems", fault.clone());
        let mut tea = Order::new("tea").insert(&db).exactly_once().await?;
        assert!(clock.now() > at(1_000_000), "{fault:?}");
        let requests = faults.requests();
        assert_eq!(requests.len(), 2, "{fault:?}");
        assert!(requests.windows(2).all(|two| two[0].body == two[1].body), "{fault:?}");
        assert_eq!((tea.created, tea.updated), (1_000, at(1_000_000)), "{fault:?}");
        assert_eq!(*order(&db, tea.id).await, *tea, "{fault:?}");

        faults.next("UpdateItem", fault.clone());
        tea.save(&db).await?;
        assert_eq!(*order(&db, tea.id).await, *tea, "{fault:?}");
        faults.next("TransactWriteItems", fault.clone());
        Order::update(&db, tea.id).set(Order::TEXT, "green").exactly_once().await?;
        let requests = faults.requests();
        let bodies: Vec<_> =
            requests.iter().rev().filter(|r| r.operation == "TransactWriteItems").collect();
        assert_eq!(bodies[0].body, bodies[1].body, "{fault:?}");
        ticks.abort();
    }
    Ok(())
}

#[tokio::test]
async fn an_insert_fills_a_nil_uuid_and_keeps_a_given_one() -> Outcome {
    let (db, _, _) = store().await;
    let tea = Order::new("tea").insert(&db).await?;
    assert_eq!((tea.id.get_version_num(), tea.trace.get_version_num()), (4, 7));
    let (seconds, nanos) = tea.trace.get_timestamp().expect("version 7 has one").to_unix();
    assert_eq!((seconds, nanos), (1_000, 0));
    let milk = Order::new("milk").insert(&db).await?;
    assert_ne!(milk.id, tea.id);

    let given = Uuid::from_u128(5);
    let sugar = Order { id: given, trace: given, ..Order::new("sugar") }.insert(&db).await?;
    assert_eq!((sugar.id, sugar.trace), (given, given));
    Ok(())
}

#[tokio::test]
async fn the_same_seed_and_clock_give_the_same_ids() -> Outcome {
    let (first, ..) = store().await;
    let (second, ..) = store().await;
    let (one, two) =
        (Order::new("tea").insert(&first).await?, Order::new("tea").insert(&second).await?);
    assert_eq!(*one, *two);
    Ok(())
}

#[tokio::test]
async fn a_save_that_fails_leaves_the_value_as_it_was() -> Outcome {
    let (db, faults, clock) = store().await;
    let mut mine = Order::new("tea").insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.save(&db).await?;
    clock.set(2_000_000);
    mine.text = "green tea".into();
    let before = mine.clone();
    assert!(mine.save(&db).await.expect_err("somebody was first").is_conflict());
    assert_eq!(*mine, *before);

    let mut ann = User::new("ann", "Ann@X").insert(&db).await?;
    assert_eq!(ann.email, "ann@x");
    faults.next("UpdateItem", Fault::service("ValidationException"));
    ann.email = "ANN@Y".into();
    let before = ann.clone();
    assert!(ann.save(&db).await.is_err());
    assert_eq!(*ann, *before);
    ann.save(&db).await?;
    assert_eq!(ann.email, "ann@y");
    Ok(())
}

#[tokio::test]
async fn every_write_of_a_whole_model_is_normalised_then_completed_then_validated() -> Outcome {
    let (db, _, clock) = store().await;
    let mut ann = User::new("ann", "Ann@X").insert(&db).await?;
    assert_eq!((ann.email.as_str(), ann.verb.as_str()), ("ann@x", "Insert"));
    assert_eq!(raw(&db, "ann").await.text("verb"), Some("Insert"));

    clock.set(2_000_000);
    ann.email = "Ann@Y".into();
    ann.save(&db).await?;
    assert_eq!((ann.email.as_str(), ann.verb.as_str()), ("ann@y", "Save"));
    assert_eq!(ann.changed, Some(2_000), "a hook does not change what the library owns");
    assert_eq!(raw(&db, "ann").await.text("e-mail"), Some("ann@y"));

    let ann = User::new("ann", "ANN@Z").upsert(&db).await?;
    assert_eq!((ann.email.as_str(), ann.verb.as_str()), ("ann@z", "Upsert"));
    let ann = User::new("ann", "ANN@Z").replace(&db).await?;
    assert_eq!((ann.email.as_str(), ann.verb.as_str()), ("ann@z", "Replace"));

    let tx = Transaction::begin(&db);
    let mut ann = User::get(&tx, "ann").await?.expect("there");
    ann.email = "ANN@T".into();
    let ann = tx.save(ann)?;
    let bob = tx.insert(User::new("bob", "BOB@T"))?;
    let receipt = tx.commit().await?;
    let (ann, bob) = (receipt.take(ann)?, receipt.take(bob)?);
    assert_eq!((ann.email.as_str(), ann.verb.as_str()), ("ann@t", "Save"));
    assert_eq!((bob.email.as_str(), bob.verb.as_str()), ("bob@t", "Insert"));
    Ok(())
}

#[tokio::test]
async fn a_hook_can_refuse_a_value_and_cannot_move_an_item() -> Outcome {
    let (db, faults, _) = store().await;
    let mut ann = User::new("ann", "ann@x").insert(&db).await?;
    faults.clear_log();
    assert!(User::new("root", "root@x").insert(&db).await.expect_err("reserved").is_invalid());
    assert!(User::new("ann", "root@x").upsert(&db).await.expect_err("reserved").is_invalid());
    ann.email = "ROOT@x".into();
    let error = ann.save(&db).await.expect_err("reserved");
    assert!(matches!(&error, Error::Invalid(invalid) if invalid.report.iter().count() == 1));
    assert_eq!(ann.email, "ROOT@x");
    ann.email = "move@x".into();
    let error = ann.save(&db).await.expect_err("the key is another one");
    assert!(matches!(error, Error::KeyChanged(_)), "{error:?}");
    assert_eq!(faults.requests().len(), 0, "nothing was sent");
    Ok(())
}

#[tokio::test]
async fn every_read_path_runs_the_hook_and_a_save_writes_nothing_of_it() -> Outcome {
    let (db, faults, _) = store().await;
    put_raw(&db, "users", &[("login", s("ann")), ("e-mail", s("ann@x"))]).await;
    let greeting = "Hello ann@x";
    let mut ann = User::get(&db, "ann").await?.expect("there");
    assert_eq!(ann.greeting, greeting);
    assert_eq!(User::scan(&db).try_collect().await?[0].greeting, greeting);
    assert_eq!(User::query(&db, "ann").try_collect().await?[0].greeting, greeting);
    assert_eq!(User::decode(raw(&db, "ann").await)?.greeting, greeting);
    let updated = User::update(&db, "ann").set(User::VERB, "x").returning_new().await?;
    assert_eq!(updated.greeting, greeting);
    let error = User::new("ann", "b@x").insert(&db).await.expect_err("taken");
    assert_eq!(error.winner::<User>()?.expect("the winner").greeting, greeting);
    let tx = Transaction::begin(&db);
    assert_eq!(User::get(&tx, "ann").await?.expect("there").greeting, greeting);
    drop(tx);

    ann.reload(&db).await?;
    let (set, removed) = ann.changes()?;
    assert!(!set.contains("greeting") && removed.is_empty(), "{set:?}");
    faults.clear_log();
    ann.email = "ann@y".into();
    ann.save(&db).await?;
    assert!(!raw(&db, "ann").await.contains("greeting"));
    // Nor does a later save, of the value that the first one left.
    ann.save(&db).await?;
    assert!(!raw(&db, "ann").await.contains("greeting"));
    // What the program itself changes is written.
    ann.greeting = "Bye".into();
    ann.save(&db).await?;
    assert_eq!(raw(&db, "ann").await.text("greeting"), Some("Bye"));
    Ok(())
}

#[tokio::test]
async fn what_is_invalid_is_named_by_attribute() -> Outcome {
    let (db, ..) = store().await;
    let error = User::new("ann", "ann").insert(&db).await.expect_err("no host");
    let Error::Invalid(invalid) = error else { panic!("{error:?}") };
    let named: Vec<_> =
        invalid.attributes().map(|(path, error)| (path, error.to_string())).collect();
    assert_eq!(named, [("e-mail.host".to_owned(), "no host".to_owned())]);
    assert_eq!(invalid.report.iter().next().expect("one").0.to_string(), "email.host");
    Ok(())
}

#[tokio::test]
async fn an_insert_sets_the_time_to_live_where_it_is_absent() -> Outcome {
    let (db, _, clock) = store().await;
    let mut tea = Order::new("tea").insert(&db).await?;
    assert_eq!(tea.expires, Some(Ttl::from_epoch_seconds(1_000 + 86_400)));
    clock.set(2_000_000);
    tea.save(&db).await?;
    assert_eq!(tea.expires, Some(Ttl::from_epoch_seconds(1_000 + 86_400)), "a save keeps it");
    tea.expires = None;
    tea.save(&db).await?;
    assert_eq!(order(&db, tea.id).await.expires, None, "and lets the program clear it");
    let given = Some(Ttl::from_epoch_seconds(7));
    let milk = Order { expires: given, ..Order::new("milk") }.insert(&db).await?;
    assert_eq!(milk.expires, given);
    Ok(())
}

#[tokio::test]
async fn creating_the_table_turns_its_time_to_live_on() -> Outcome {
    let (db, faults, _) = store().await;
    let described = db.client().describe_time_to_live().table_name("orders").send().await?;
    let described = described.time_to_live_description.expect("described");
    assert_eq!(described.attribute_name.as_deref(), Some("expires"));
    faults.clear_log();
    Table::<Order>::create_if_missing(&db).await?;
    assert_eq!(faults.count("UpdateTimeToLive"), 0, "it is on");

    #[derive(Debug, Clone, Model)]
    #[model(table = "orders", validate = false)]
    struct Other {
        #[model(hash_key)]
        id: Uuid,
        #[model(ttl)]
        gone: Ttl,
    }
    let error = Table::<Other>::create_if_missing(&db).await.expect_err("another attribute");
    assert!(matches!(error, Error::Table(_)), "{error:?}");
    assert!(error.to_string().contains("its TTL attribute is expires and shall be gone"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_about_the_time_to_live_does_no_harm() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::service("ValidationException")] {
        let (db, faults, _) = store().await;
        Table::<Order>::delete(&db).with_all_items().await?;
        faults.next("UpdateTimeToLive", fault.clone());
        let created = Table::<Order>::create(&db).await;
        assert_eq!(created.is_ok(), fault == Fault::LoseAnswer, "{created:?}");
    }
    Ok(())
}

#[tokio::test]
async fn expired_items_read_as_absent_on_request() -> Outcome {
    let (db, _, clock) = store().await;
    let tea = Order::new("tea").insert(&db).await?;
    let mut milk = Order::new("milk").insert(&db).await?;
    milk.expires = None;
    milk.save(&db).await?;
    let tx = Transaction::begin(&db);
    for (seconds, alive) in [(1_000, true), (87_399, true), (87_400, false), (90_000, false)] {
        clock.set(seconds * 1_000);
        let expected = if alive { 2 } else { 1 };
        let read = Order::get(&db, tea.id).skip_expired().await?;
        assert_eq!(read.is_some(), alive, "{seconds}");
        assert_eq!(Order::get(&tx, tea.id).skip_expired().await?.is_some(), alive, "{seconds}");
        assert_eq!(Order::scan(&db).skip_expired().try_collect().await?.len(), expected);
        let one = Order::scan(&db).skip_expired().filter(Order::TEXT.eq("tea")).try_collect();
        assert_eq!(one.await?.len(), usize::from(alive), "{seconds}");
        let found = Order::query(&db, tea.id).skip_expired().try_collect().await?;
        assert_eq!(found.len(), usize::from(alive), "{seconds}");
        assert!(Order::get(&db, milk.id).skip_expired().await?.is_some(), "it has no time to live");
    }
    assert!(Order::get(&db, tea.id).await?.is_some(), "it is still there");
    assert_eq!(Order::scan(&db).try_collect().await?.len(), 2);
    Ok(())
}

#[test]
fn times_before_1970_are_0_in_seconds() {
    assert_eq!(u64::from_clock(UNIX_EPOCH - DAY), 0);
    assert_eq!(i64::from_clock(UNIX_EPOCH - DAY), 0);
}
