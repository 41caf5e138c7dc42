//! Copies from table to table.

use std::convert::Infallible;
use std::sync::Mutex;

use dynamap::error::SweepError;
use dynamap::faults::Fault;
use dynamap::transfer::{Copy, Existing, Transfer as _, TransferError};
use dynamap::{AttributeValue, Database, Error, Item, Migrations, Model, Step, StepError, Table};

use super::{ORDERS, Order, digest, fill, full, order, orders, prefixed, put, with_orders};
use crate::support::{Outcome, n, put_raw, s, store, stored};

const ALL: [Existing; 3] = [Existing::Refuse, Existing::Keep, Existing::Replace];

/// An item with every kind of value, and all that the library puts on items.
fn everything() -> Vec<(&'static str, AttributeValue)> {
    let b = |bytes: &[u8]| AttributeValue::B(bytes.to_vec().into());
    vec![
        ("customer", n(1)),
        ("number", n(1)),
        ("_schema", s("7.3.0")),
        ("_write", s("0123456789abcdef")),
        ("version", n(41)),
        ("n", n("-1.5E-7")),
        ("b", b(&[0, 255])),
        ("bool", AttributeValue::Bool(false)),
        ("null", AttributeValue::Null(true)),
        ("ss", AttributeValue::Ss(vec!["a".into(), "b".into()])),
        ("ns", AttributeValue::Ns(vec!["1".into(), "2.5".into()])),
        ("bs", AttributeValue::Bs(vec![vec![1].into()])),
        ("l", AttributeValue::L(vec![s(""), AttributeValue::M([("k".to_owned(), n(1))].into())])),
    ]
}

#[tokio::test]
async fn items_are_copied_as_they_are_stored_to_another_prefix() -> Outcome {
    for existing in ALL {
        let (db, _) = with_orders(90).await;
        put_raw(&db, ORDERS, &everything()).await;
        let other = prefixed(&db).await;
        let copy = orders(&db).copy_to(orders(&other)).existing(existing).page_size(7);
        let copied = copy.run().await?;
        assert!(copied.is_finished && copied.failed.is_empty());
        assert_eq!((copied.progress.items, copied.progress.written), (90, 90));
        assert_eq!(copied.progress.bytes, digest(&db).await.bytes);
        assert_eq!(
            order(&other, 1).await,
            Some(everything().into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
        );
        assert!(copy.verify().await?.is_equal());
        put(&other, 7, "changed").await;
        assert!(!copy.verify().await?.is_equal(), "one item of 90 differs");
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_onto_itself_is_refused_before_anything_is_written() -> Outcome {
    let (db, faults) = with_orders(3).await;
    let refused = orders(&db).copy_to(orders(&db)).existing(Existing::Replace).run().await;
    assert!(matches!(refused, Err(TransferError::OntoItself { table }) if table == ORDERS));
    assert_eq!(faults.requests().len(), 0);

    // Another handle to the same store, whose prefix makes the same name.
    let other = Database::builder(db.client().clone()).table_prefix("ord").build();
    let refused = orders(&db).copy_to(other.table("ers")).existing(Existing::Replace).run().await;
    assert!(matches!(refused, Err(TransferError::OntoItself { .. })));
    assert_eq!(faults.count("DescribeTable"), faults.requests().len());

    // The same name in another store is another table.
    let (another, _) = with_orders(0).await;
    let copied = orders(&db).copy_to(orders(&another)).run().await?;
    assert_eq!(copied.progress.written, 3);
    Ok(())
}

#[tokio::test]
async fn a_target_with_other_keys_is_refused_before_anything_is_written() -> Outcome {
    let (db, faults) = with_orders(3).await;
    let copy = orders(&db).copy_to(db.table("profiles"));
    let error = copy.run().await.expect_err("other keys");
    assert!(matches!(error, TransferError::OtherKeys { .. }));
    assert_eq!(
        error.to_string(),
        "table profiles has the keys login (S), and the items of table orders have customer (N), number (N): nothing was \
         written"
    );
    assert_eq!(faults.count("DescribeTable"), faults.requests().len());
    let missing = orders(&db).copy_to(db.table("nowhere")).run().await;
    assert!(
        matches!(missing, Err(TransferError::Store(Error::NoSuchTable(table))) if &*table == "nowhere")
    );
    Ok(())
}

#[tokio::test]
async fn a_transform_can_give_items_the_keys_of_another_table() -> Outcome {
    let (db, _) = with_orders(40).await;
    let login = |mut item: Item| {
        let number = item.get("number").and_then(|number| number.as_n().ok()).cloned();
        item.insert("login", s(&number.unwrap_or_default()));
        Ok::<_, Infallible>(Some(item))
    };
    let copy = orders(&db).copy_to(db.table("profiles")).transform(login);
    assert_eq!(copy.run().await?.progress.written, 40);
    assert!(copy.verify().await?.is_equal());
    let found = stored(&db, "profiles", &[("login", s("39"))]).await;
    assert_eq!(
        found.and_then(|item| item.text("text").map(str::to_owned)).as_deref(),
        Some("order 39")
    );
    // Without it each item lacks the key, and is named.
    let none = |item| Ok::<_, Infallible>(Some(item));
    let error = orders(&db).copy_to(db.table("profiles")).transform(none).run().await;
    let error = error.expect_err("no key").to_string();
    assert!(error.contains("customer = ") && error.contains("attribute `login`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_is_there_already_is_refused_kept_or_replaced() -> Outcome {
    for existing in ALL {
        let (db, _) = with_orders(30).await;
        let other = prefixed(&db).await;
        put(&other, 5, "theirs").await;
        put(&other, 6, "order 6").await; // with no schema and nonce: another item
        let same = order(&db, 8).await.expect("there");
        let same: Vec<_> = same.iter().map(|(name, value)| (name, value.clone())).collect();
        put_raw(&other, &full(&other), &same).await;
        let copied =
            orders(&db).copy_to(orders(&other)).existing(existing).tolerate(2).run().await?;
        let theirs = order(&other, 5).await.and_then(|item| item.text("text").map(str::to_owned));
        let progress = copied.progress;
        let counts = (progress.written, progress.kept, progress.failures);
        let (wanted, left) = match existing {
            Existing::Refuse => ((28, 0, 2), "theirs"),
            Existing::Keep => ((28, 2, 0), "theirs"),
            _ => ((30, 0, 0), "order 5"),
        };
        assert_eq!((counts, theirs.as_deref()), (wanted, Some(left)), "{existing:?}");
        assert_eq!(copied.failed.len() as u64, progress.failures);
    }
    Ok(())
}

#[tokio::test]
async fn the_first_item_in_the_way_ends_a_copy_that_tolerates_none_and_names_it() -> Outcome {
    let (db, _) = with_orders(30).await;
    let other = prefixed(&db).await;
    put(&other, 5, "a secret").await;
    let error = orders(&db).copy_to(orders(&other)).run().await.expect_err("it is there");
    let TransferError::Store(Error::Sweep(ended)) = &error else { panic!("{error}") };
    let SweepError::Failures { failed, .. } = &**ended else { panic!("{error}") };
    assert_eq!(failed[0].target.key.to_string(), "customer = 5, number = 5");
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(order(&other, 5).await.expect("there").text("text"), Some("a secret"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn lost_answers_throttling_and_half_done_batches_leave_the_same() -> Outcome {
    for existing in ALL {
        let (db, faults) = with_orders(90).await;
        let other = prefixed(&db).await;
        for operation in ["Scan", "PutItem", "BatchWriteItem"] {
            let writes = match operation {
                "Scan" => true,
                "PutItem" => existing != Existing::Replace,
                _ => existing == Existing::Replace,
            };
            for _ in 0..if writes { 3 } else { 0 } {
                faults.next(operation, Fault::DropBefore);
                faults.next(operation, Fault::LoseAnswer);
                faults.next(operation, Fault::LoseAnswerAs500);
                faults.next(operation, Fault::Throttle);
                if operation == "BatchWriteItem" {
                    faults.next(operation, Fault::Unprocessed { keep: 3 });
                    faults.next(operation, Fault::Unprocessed { keep: 0 });
                }
            }
        }
        let copy = orders(&db).copy_to(orders(&other)).existing(existing).page_size(7);
        let copied = copy.run().await?;
        assert_eq!((copied.progress.written, copied.progress.kept), (90, 0), "{existing:?}");
        assert_eq!(faults.pending(), 0);
        assert!(copy.verify().await?.is_equal());
    }
    Ok(())
}

#[tokio::test]
async fn a_transform_changes_drops_and_splits_items() -> Outcome {
    let (db, _) = with_orders(60).await;
    let other = prefixed(&db).await;
    let number = |item: &Item| item.get("number").and_then(|n| n.as_n().ok()?.parse::<u32>().ok());
    let copy = orders(&db)
        .copy_to(orders(&other))
        .existing(Existing::Replace)
        .transform(move |item| {
            Ok::<_, Infallible>(Some(item).filter(|item| number(item).is_some_and(|n| n % 2 == 0)))
        })
        .transform(move |item| {
            let mut twin = item.clone();
            twin.insert("number", n(number(&item).unwrap_or_default() + 1000));
            twin.insert("text", s("twin"));
            Ok::<_, Infallible>(vec![item, twin])
        });
    let copied = copy.run().await?;
    assert_eq!(
        (copied.progress.items, copied.progress.dropped, copied.progress.written),
        (60, 30, 60)
    );
    assert!(copy.verify().await?.is_equal());
    assert_eq!(order(&other, 3).await, None);
    let found = stored(&other, &full(&other), &[("customer", n(4)), ("number", n(1004))]).await;
    assert_eq!(found.expect("a twin").text("text"), Some("twin"));
    Ok(())
}

#[tokio::test]
async fn a_transform_that_refuses_an_item_or_makes_two_of_one_key_is_a_failure_of_that_item()
-> Outcome {
    let (db, _) = with_orders(20).await;
    let other = prefixed(&db).await;
    let refuse = |item: Item| match item.text("text") {
        Some("order 7") => Err("it is not wanted"),
        Some("order 8") => Ok(vec![item.clone(), item]),
        _ => Ok(vec![item]),
    };
    let copy = orders(&db).copy_to(orders(&other)).existing(Existing::Replace).transform(refuse);
    let copied = copy.tolerate(2).run().await?;
    let mut failed: Vec<String> = copied.failed.iter().map(ToString::to_string).collect();
    failed.sort();
    assert_eq!(failed[0], "item (customer = 0, number = 7) of table orders: it is not wanted");
    assert!(failed[1].contains("number = 8") && failed[1].contains("twice"), "{failed:?}");
    assert_eq!(digest(&other).await.items, 19, "one of the twins is there");
    Ok(())
}

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail)
}

static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", hash_key = "USER#{id}", schema = "2.0.0", migrations = USER, validate = false)]
struct User {
    id: u64,
    email: String,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn items_are_upgraded_on_their_way_and_those_of_other_models_stay_as_they_are() -> Outcome {
    let (db, _) = store().await;
    let new = Database::builder(db.client().clone()).table_prefix("new_").build();
    Table::<User>::create(&db).await?;
    Table::<User>::create(&new).await?;
    let old = |id: u64| [("pk", s(&format!("USER#{id}"))), ("id", n(id)), ("version", n(3))];
    for id in 1..=30 {
        let [pk, number, version] = old(id);
        put_raw(&db, "users", &[pk, number, version, ("mail", s("ann@example.org"))]).await;
    }
    User { id: 31, email: "ben@example.org".into(), version: 0 }.insert(&db).await?;
    put_raw(&db, "users", &old(32)).await; // a step refuses it
    put_raw(&db, "users", &[("pk", s("TEAM#1")), ("mail", s("team@example.org"))]).await;

    let users = db.table("users");
    let copied = users.copy_to(new.table("users")).migrate::<User>().tolerate(1).run().await?;
    assert_eq!((copied.progress.written, copied.progress.failures), (32, 1));
    let failed = copied.failed[0].to_string();
    assert!(failed.contains("USER#32") && failed.contains("attribute `mail`"), "{failed}");
    let upgraded = stored(&new, "new_users", &[("pk", s("USER#7"))]).await.expect("there");
    assert_eq!(upgraded.names(), ["_schema", "email", "id", "pk", "version"]);
    assert_eq!((upgraded.text("_schema"), upgraded.get("version")), (Some("2.0.0"), Some(&n(3))));
    let team = stored(&new, "new_users", &[("pk", s("TEAM#1"))]).await.expect("there");
    assert_eq!(team.text("mail"), Some("team@example.org"));
    let (then, now) = (User::get(&db, 31).await?.expect("there"), User::get(&new, 31).await?);
    assert_eq!(then.image(), now.expect("there").image(), "what was current is as it was");
    Ok(())
}

#[tokio::test]
async fn a_program_that_loaded_what_a_copy_made_notices_that_another_copy_made_it_anew() -> Outcome
{
    let (db, _) = store().await;
    let new = Database::builder(db.client().clone()).table_prefix("new_").build();
    Table::<User>::create(&db).await?;
    Table::<User>::create(&new).await?;
    for id in 1..=3 {
        User { id, email: "ann@example.org".into(), version: 0 }.insert(&db).await?;
    }
    let users = db.table("users");
    let copy = |domain: &'static str| {
        let copy = users.copy_to(new.table("users")).existing(Existing::Replace);
        copy.transform(move |mut item: Item| {
            item.insert("email", s(domain));
            Ok::<_, Infallible>(Some(item))
        })
    };
    copy("a@example.org").run().await?;
    let mut first = User::get(&new, 1).await?.expect("copied");
    let mut second = User::get(&new, 2).await?.expect("copied");
    copy("a@example.org").run().await?;
    first.email = "ben@example.org".into();
    first.save(&new).await?; // the same was made again
    copy("b@example.org").run().await?;
    assert!(copy("b@example.org").verify().await?.is_equal());
    second.email = "ben@example.org".into();
    let error = second.save(&new).await.expect_err("it is another one now");
    assert!(matches!(error, Error::Conflict(_)), "{error}");
    assert_eq!(User::get(&new, 2).await?.expect("there").email, "b@example.org");
    Ok(())
}

#[tokio::test]
async fn a_copy_that_is_stopped_goes_on_behind_its_checkpoint() -> Outcome {
    let (db, faults) = with_orders(120).await;
    let other = prefixed(&db).await;
    let saved = Mutex::new(Vec::new());
    let job = || orders(&db).copy_to(orders(&other)).segments(2).page_size(6);
    let stopped = job()
        .checkpoint(async |text| {
            saved.lock().expect("one thread").push(text);
            Ok::<_, Infallible>(())
        })
        .until(std::future::ready(()))
        .run()
        .await?;
    assert!(!stopped.is_finished);
    let written = stopped.progress.written;
    assert!((6..=24).contains(&written), "{written}");
    let last = saved.lock().expect("one thread").pop();
    assert_eq!(last.as_ref(), Some(&stopped.checkpoint));

    // Another number of segments: the checkpoint's counts.
    let resumed = job().segments(5).resume(last).run().await?;
    assert!(resumed.is_finished);
    assert_eq!(resumed.progress.items + stopped.progress.items, 120, "nothing was copied twice");
    assert_eq!(digest(&db).await, digest(&other).await);

    faults.clear_log();
    let again = job().resume(resumed.checkpoint).run().await?;
    assert_eq!((again.is_finished, again.progress.items), (true, 0));
    assert_eq!(faults.count("DescribeTable"), faults.requests().len(), "nothing to do");
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_of_another_copy_is_refused_before_anything_is_written() -> Outcome {
    let (db, faults) = with_orders(10).await;
    let other = prefixed(&db).await;
    let copied = orders(&db).copy_to(orders(&other)).run().await?;
    let third = Database::builder(db.client().clone()).table_prefix("third_").build();
    Table::<Order>::create(&third).await?;
    faults.clear_log();
    let changed = copied.checkpoint.replace("\"segments\":8", "\"segments\":7");
    for (target, checkpoint) in
        [(&third, copied.checkpoint), (&other, changed), (&other, "nonsense".to_owned())]
    {
        let refused = orders(&db).copy_to(orders(target)).resume(checkpoint).run().await;
        assert!(matches!(refused, Err(TransferError::ForeignCheckpoint { .. })), "{refused:?}");
    }
    assert_eq!(faults.count("DescribeTable"), faults.requests().len());
    Ok(())
}

#[tokio::test]
async fn a_copy_that_lost_its_checkpoint_begins_anew_and_what_it_wrote_is_not_in_its_way() -> Outcome
{
    let (db, _) = with_orders(30).await;
    let other = prefixed(&db).await;
    for _ in 0..2 {
        let copied = orders(&db).copy_to(orders(&other)).existing(Existing::Refuse).run().await?;
        assert_eq!((copied.progress.written, copied.progress.failures), (30, 0));
    }
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_file_that_cannot_be_written_is_an_error_before_anything_is_copied() -> Outcome
{
    let (db, _) = with_orders(120).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    let copy = orders(&db).copy_to(orders(&other)).page_size(6);
    let error = copy.checkpoint_file(folder.path().join("nowhere/at")).run().await;
    let error = error.expect_err("no such folder");
    assert!(matches!(&error, TransferError::File { doing: "written", .. }), "{error}");
    assert_eq!(digest(&other).await.items, 0);
    Ok(())
}

/// An item in the way of one whose first answer is lost: whatever became of that one, the other item stays.
#[tokio::test(start_paused = true)]
async fn an_item_in_the_way_is_kept_or_refused_also_after_a_lost_answer() -> Outcome {
    for fault in [Fault::DropBefore, Fault::LoseAnswer, Fault::LoseAnswerAs500] {
        for existing in [Existing::Keep, Existing::Refuse] {
            let (db, faults) = with_orders(3).await;
            let other = prefixed(&db).await;
            put(&other, 1, "theirs").await;
            let copy = orders(&db).copy_to(orders(&other)).existing(existing).tolerate(1);
            for _ in 0..3 {
                faults.next("PutItem", fault.clone());
            }
            let copied = copy.run().await?;
            let counts = (copied.progress.written, copied.progress.kept, copied.failed.len());
            let kept = existing == Existing::Keep;
            assert_eq!(counts, if kept { (2, 1, 0) } else { (2, 0, 1) }, "{fault:?}");
            assert_eq!(order(&other, 1).await.expect("there").text("text"), Some("theirs"));
            assert!(copied.failed.iter().all(|failed| failed.to_string().contains("exists")));
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_written_behind_the_place_that_was_read_is_missed_and_verify_says_so() -> Outcome {
    let (db, faults) = with_orders(100).await;
    let other = prefixed(&db).await;
    let gate = faults.pause("BatchWriteItem");
    let copy = orders(&db).copy_to(orders(&other)).segments(1).existing(Existing::Replace);
    let writer = async {
        gate.reached().await;
        put(&db, 7, "changed").await; // all of the one page was read
        gate.release();
    };
    let (copied, ()) = tokio::join!(copy.run(), writer);
    assert_eq!(copied?.progress.written, 100);
    let verified = copy.verify().await?;
    assert!(!verified.is_equal());
    assert_eq!(verified.source.items, verified.target.items);
    Ok(())
}

#[tokio::test]
async fn reads_are_paid_by_the_handle_of_the_source_and_writes_by_that_of_the_target() -> Outcome {
    let (db, _) = with_orders(50).await;
    let other = prefixed(&db).await;
    let ((from, reads), (to, writes)) = (db.metered(), other.metered());
    orders(&from).copy_to(orders(&to)).existing(Existing::Replace).run().await?;
    let (reads, writes) = (reads.capacity().total(), writes.capacity().total());
    assert!(reads.read > 0.0 && reads.write <= 0.0, "{reads:?}");
    assert!(writes.write >= 50.0 && writes.read <= 0.0, "{writes:?}");
    Ok(())
}

#[tokio::test]
async fn a_copy_runs_in_a_task_and_where_scans_are_forbidden() -> Outcome {
    let (db, _) = with_orders(50).await;
    let other = prefixed(&db).await;
    let db = Database::builder(db.client().clone()).forbid_scans().build();
    let task = tokio::spawn(async move {
        let copy: Copy<'_> = orders(&db).copy_to(orders(&other)).until(std::future::pending());
        copy.run().await?;
        fill(&db, 50..51).await;
        copy.verify().await
    });
    let verified = task.await??;
    assert_eq!((verified.source.items, verified.target.items), (51, 50));
    Ok(())
}
