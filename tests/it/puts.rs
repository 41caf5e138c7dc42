//! Puts and deletes of many items without a condition: requests, leftovers, lost answers.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use dynamap::error::BusyCause;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    Attribute, AttributeValue, Database, DecodeError, EncodeError, Error, Model, RetryPolicy,
    Table, Ttl, WriteVerb, kind,
};

use crate::support::{Outcome, Profile, n, put_raw, s, store, stored};

const WRITE: &str = "BatchWriteItem";

fn profiles(count: usize) -> Vec<Profile> {
    (0..count).map(|number| Profile::new(&format!("user{number}"))).collect()
}

/// How many writes each request had, the largest first.
fn sizes(faults: &Faults) -> Vec<usize> {
    let requests = faults.requests().into_iter().filter(|request| request.operation == WRITE);
    let writes = |table: &serde_json::Value| table.as_array().map_or(0, Vec::len);
    let mut sizes: Vec<usize> = requests
        .map(|request| {
            request.body["RequestItems"].as_object().expect("tables").values().map(writes).sum()
        })
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

#[tokio::test]
async fn many_puts_and_deletes_take_a_request_for_every_25() -> Outcome {
    let (db, faults) = store().await;
    for (count, requests) in
        [(0, &[][..]), (1, &[1]), (25, &[25]), (26, &[25, 1]), (60, &[25, 25, 10])]
    {
        faults.clear_log();
        let stored = Profile::put_many(&db, profiles(count)).await?;
        assert_eq!(sizes(&faults), requests);
        let logins: Vec<_> = stored.iter().map(|profile| profile.login.clone()).collect();
        assert_eq!(logins, profiles(count).into_iter().map(|p| p.login).collect::<Vec<_>>());
        for profile in &stored {
            let read = Profile::get(&db, &profile.login).await?.expect("there");
            assert_eq!(read.image(), profile.image());
        }
        faults.clear_log();
        Profile::delete_many(&db, logins.iter().map(String::as_str)).await?;
        assert_eq!(sizes(&faults), requests);
        assert_eq!(Profile::scan(&db).count().await?, 0);
    }
    assert_eq!(faults.count("PutItem") + faults.count("DeleteItem"), 0);
    Ok(())
}

#[tokio::test]
async fn what_was_put_can_be_saved_and_what_was_there_is_replaced() -> Outcome {
    let (db, _) = store().await;
    put_raw(&db, "profiles", &[("login", s("ann")), ("other", n(1)), ("_schema", s("7.0.0"))])
        .await;
    let mut put = Profile::put_many(&db, [Profile::new("ann")]).await?.remove(0);
    let item = stored(&db, "profiles", &[("login", s("ann"))]).await.expect("there");
    assert_eq!(item.get("_schema"), Some(&s("1.0.0")));
    assert!(!item.contains("other") && item.contains("_write"));
    // A save compares with what was put.
    put.address.city = "Basel".to_owned();
    put.save(&db).await?;
    Profile::put_many(&db, [Profile::new("ann")]).await?;
    put.address.city = "Genf".to_owned();
    assert!(put.save(&db).await.is_err_and(|error| error.is_conflict()));
    assert_eq!(Profile::get(&db, "ann").await?.expect("there").address.city, "Bern");
    Ok(())
}

fn in_shape(mut session: Session, verb: WriteVerb) -> Result<Session, dynamap::Report> {
    assert_eq!(verb, WriteVerb::Upsert);
    session.hooked = true;
    Ok(session)
}

fn lower(session: &mut Session) {
    session.user.make_ascii_lowercase();
}

const MINUTE: Duration = Duration::from_mins(1);

/// A model with everything that happens before a write.
#[derive(Debug, Clone, PartialEq, Model, garde::Validate)]
#[model(table = "sessions", normalize = lower, before_write = in_shape)]
struct Session {
    #[model(hash_key, uuid)]
    #[garde(skip)]
    id: uuid::Uuid,
    #[garde(length(max = 5))]
    user: String,
    #[model(updated_at)]
    #[garde(skip)]
    changed: u64,
    #[model(ttl = MINUTE)]
    #[garde(skip)]
    expires: Option<Ttl>,
    #[model(default = BTreeSet::from([1]))]
    #[garde(skip)]
    roles: BTreeSet<u32>,
    #[garde(skip)]
    hooked: bool,
}

fn session(user: &str) -> Session {
    Session {
        id: uuid::Uuid::nil(),
        user: user.to_owned(),
        changed: 0,
        expires: None,
        roles: BTreeSet::new(),
        hooked: false,
    }
}

async fn sessions() -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    let clock = || UNIX_EPOCH + Duration::from_mins(10);
    let db = Database::builder(client).seed(7).clock(clock).build();
    Table::<Session>::create(&db).await.expect("sessions");
    faults.clear_log();
    (db, faults)
}

#[tokio::test]
async fn a_put_does_first_what_an_upsert_does() -> Outcome {
    let (db, _) = sessions().await;
    let put = Session::put_many(&db, [session("ANN")]).await?.remove(0);
    assert!(!put.id.is_nil() && put.hooked);
    assert_eq!((put.user.as_str(), put.changed), ("ann", 600));
    assert_eq!(put.expires, Some(Ttl::from_epoch_seconds(660)));
    let upserted = Session { id: put.id, ..session("ANN") }.upsert(&db).await?;
    assert_eq!(*upserted, *put);
    let without_nonce = |item: &dynamap::Item| {
        let mut item = item.clone();
        item.remove("_write");
        item
    };
    assert_eq!(without_nonce(upserted.image()), without_nonce(put.image()));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = sessions().await;
    let invalid = Session::put_many(&db, [session("ann"), session("too long")]).await;
    let invalid = invalid.expect_err("a name of eight");
    assert!(invalid.error.is_invalid());
    assert_eq!(invalid.left, [session("ann"), session("too long")]);

    let (db, more) = store().await;
    let mut large = profiles(3);
    large[1].avatar = vec![0; 400 * 1024];
    let error = Profile::put_many(&db, large).await.expect_err("over 400 KB").error;
    let Error::Limit { limit: 409_600, item: Some(item), .. } = error else { panic!("{error:?}") };
    assert_eq!(item.to_string(), "(login = \"user1\") of table profiles");

    let mut twice = profiles(30);
    twice.push(Profile::new("user3"));
    let unwritten = Profile::put_many(&db, twice).await.expect_err("user3 twice");
    assert_eq!(unwritten.left.len(), 31);
    let said = unwritten.to_string();
    assert!(said.contains("(login = \"user3\") of table profiles is written twice"), "{said}");
    let unwritten = Profile::delete_many(&db, ["a", "b", "a"]).await.expect_err("a twice");
    assert_eq!((unwritten.left.len(), unwritten.written.len()), (3, 0));
    assert!(matches!(dynamap::Error::from(unwritten), Error::DuplicateKey(_)));
    let unwritten = Profile::delete_many(&db, ["a", ""]).await.expect_err("an empty key");
    assert!(unwritten.error.is_invalid());
    assert!(faults.requests().is_empty() && more.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn unprocessed_writes_fill_whole_requests() -> Outcome {
    let (db, faults) = store().await;
    faults.always(WRITE, Fault::Unprocessed { keep: 20 });
    Profile::put_many(&db, profiles(500)).await?;
    // Whatever is sent, a request makes 20 writes at most.
    assert_eq!(sizes(&faults).len(), 500 / 20);
    assert_eq!(Profile::scan(&db).count().await?, 500);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttling_are_repeated() -> Outcome {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseAnswerAs500,
        Fault::DropBefore,
        Fault::Throttle,
        Fault::Hang,
        Fault::Unprocessed { keep: 0 },
    ] {
        let (db, faults) = store().await;
        faults.next(WRITE, fault.clone());
        Profile::put_many(&db, profiles(30)).await?;
        assert_eq!(sizes(&faults), [25, 25, 5], "{fault:?}");
        assert_eq!(Profile::scan(&db).count().await?, 30, "{fault:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_deadline_comes_back_and_can_be_put_then() -> Outcome {
    let (db, faults) = store().await;
    // 25 of the 30 are written.
    let gate = faults.pause(WRITE);
    faults.always(WRITE, Fault::Throttle);
    let put = tokio::spawn({
        let db = db.clone();
        async move { Profile::put_many(&db, profiles(30)).await }
    });
    gate.reached().await;
    gate.release();
    let unwritten = put.await?.expect_err("throttled until the deadline");
    let Error::Busy(busy) = &unwritten.error else { panic!("{unwritten:?}") };
    assert_eq!((busy.operation, busy.cause), (WRITE, BusyCause::Throttled));
    assert_eq!((unwritten.left.len(), unwritten.written.len()), (5, 25));
    assert_eq!(unwritten.left[0].login, "user25");
    faults.clear();
    Profile::put_many(&db, unwritten.left).await?;
    assert_eq!(Profile::scan(&db).count().await?, 30);

    // The same with deletes, by position.
    let gate = faults.pause(WRITE);
    faults.always(WRITE, Fault::Throttle);
    let keys: Vec<String> = profiles(30).into_iter().map(|profile| profile.login).collect();
    let delete = tokio::spawn({
        let (db, keys) = (db.clone(), keys.clone());
        async move { Profile::delete_many(&db, keys.iter().map(String::as_str)).await }
    });
    gate.reached().await;
    gate.release();
    let unwritten = delete.await?.expect_err("throttled until the deadline");
    assert_eq!(unwritten.left, [25, 26, 27, 28, 29]);
    assert_eq!(unwritten.written, (0..25).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_is_open_also_where_it_was_left_unprocessed_later() -> Outcome {
    let (db, faults) = store().await;
    // The first attempt writes all ten; nobody hears of it. The second says that two were done, and then it is
    // throttled.
    faults.next(WRITE, Fault::LoseAnswer);
    faults.next(WRITE, Fault::Unprocessed { keep: 2 });
    faults.always(WRITE, Fault::Throttle);
    let unwritten = Profile::put_many(&db, profiles(10)).await.expect_err("throttled");
    let Error::OutcomeUnknown(unknown) = &unwritten.error else { panic!("{unwritten:?}") };
    assert_eq!((unknown.operation, unknown.targets.len()), (WRITE, 8));
    assert_eq!((unwritten.left.len(), unwritten.written.len()), (8, 2));
    assert_eq!(Profile::scan(&db).count().await?, 10);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_put_again_has_the_id_that_it_may_have_been_stored_with() -> Outcome {
    let (db, faults) = sessions().await;
    faults.always(WRITE, Fault::LoseAnswer);
    let unwritten = Session::put_many(&db, [session("ann"), session("bob")]).await;
    let unwritten = unwritten.expect_err("no answer until the deadline");
    assert!(unwritten.error.is_outcome_unknown());
    faults.clear();
    Session::put_many(&db, unwritten.left).await?;
    assert_eq!(Session::scan(&db).count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn an_item_that_the_service_refuses_is_left_and_the_others_are_written() -> Outcome {
    let (db, _) = store().await;
    Table::<Reading>::create(&db).await?;
    let readings = (0..30).map(|id| {
        let value = if id == 7 { "much".to_owned() } else { id.to_string() };
        Reading { id, value: Digits(value) }
    });
    let unwritten = Reading::put_many(&db, readings).await.expect_err("no number");
    assert!(matches!(&unwritten.error, Error::Service(e) if e.code == "ValidationException"));
    assert_eq!((unwritten.left.len(), unwritten.written.len()), (1, 29));
    assert_eq!(Reading::scan(&db).count().await?, 29);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "readings", validate = false)]
struct Reading {
    #[model(hash_key)]
    id: u64,
    value: Digits,
}

/// A type of a program's own that stores as a number what is none: only the service finds that out.
#[derive(Debug, Clone, PartialEq)]
struct Digits(String);

impl Attribute for Digits {
    type Kind = kind::N;
    type ListKind = kind::L;
    type Operand<'a> = &'a str;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(&self.0).map(Some)
    }

    fn encode_operand(operand: &str) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::N(operand.to_owned()))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        match value {
            AttributeValue::N(text) => Ok(Self(text.clone())),
            other => Err(DecodeError::kind("a number", other)),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_refused_for_one_of_its_items_is_sent_in_halves() -> Outcome {
    for (code, requests) in [
        ("ValidationException", &[4, 2, 2][..]),
        ("ItemCollectionSizeLimitExceededException", &[4, 2, 2]),
        ("AccessDeniedException", &[4]),
    ] {
        let (db, faults) = store().await;
        faults.next(WRITE, Fault::service(code));
        let put = Profile::put_many(&db, profiles(4)).await;
        assert_eq!(put.is_ok(), requests.len() > 1, "{code}");
        assert_eq!(sizes(&faults), requests, "{code}");
    }
    Ok(())
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_said() -> Outcome {
    let (db, faults) = store().await;
    let gate = faults.pause(WRITE);
    let put = tokio::spawn({
        let db = db.clone();
        async move { Profile::put_many(&db, profiles(60)).at_once(1).await }
    });
    gate.reached().await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(faults.count(WRITE), 1);
    gate.release();
    assert_eq!(put.await??.len(), 60);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn repetitions_without_progress_are_paid_from_the_budget() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.budget = 15;
    let db = Database::builder(client).retry(policy).seed(7).build();
    Table::<Profile>::create(&db).await?;
    faults.always(WRITE, Fault::Unprocessed { keep: 0 });
    let unwritten = Profile::put_many(&db, profiles(3)).await.expect_err("nothing is processed");
    assert!(matches!(unwritten.error, Error::Busy(_)));
    // The first attempt, and the three repetitions that 15 pay for.
    assert_eq!(faults.count(WRITE), 4);
    Ok(())
}

/// A table that refuses is not sent the rest meanwhile.
#[tokio::test(start_paused = true)]
async fn a_request_that_pauses_keeps_its_place() -> Outcome {
    let (db, faults) = crate::support::store().await;
    faults.always("BatchWriteItem", Fault::Throttle);
    let profiles = (0..1_000).map(|i| crate::support::Profile::new(&format!("user {i}")));
    let put = async { crate::support::Profile::put_many(&db, profiles).at_once(4).await };
    // No pause ends within this time: the pauses are seeded.
    let _ = tokio::time::timeout(std::time::Duration::from_micros(100), put).await;
    assert_eq!(faults.count("BatchWriteItem"), 4);
    Ok(())
}
