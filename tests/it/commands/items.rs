//! Items and sequences from the command line.

use dynamap::cli::{Cli, Exit, Models, models};
use dynamap::{Database, Model, Sequence, Table};
use serde_json::json;

use super::{document, shown, told};
use crate::support::{Account, Outcome, n, put_raw, s};

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status, range_key = total))]
struct Order {
    #[model(hash_key)]
    customer: u32,
    #[model(range_key)]
    day: String,
    status: String,
    total: i64,
}

async fn orders() -> Database {
    let client = dynamap::embedded::memory().expect("an embedded store");
    let db = Database::builder(client).table_prefix("t_").build();
    Table::<Order>::create(&db).await.expect("orders");
    for (day, total) in [("2026-11-19", 5), ("2026-11-20", -7), ("2026-12-01", 9)] {
        let item =
            [("customer", n(7)), ("day", s(day)), ("status", s("open")), ("total", n(total))];
        put_raw(&db, "t_orders", &item).await;
    }
    db
}

#[tokio::test]
async fn an_item_is_shown_as_it_is_stored() -> Outcome {
    let db = orders().await;
    let (shown_item, found) = told(&db, Models::new, "item get orders 7 2026-11-20").await;
    let typed = json!({
        "customer": { "N": "7" }, "day": { "S": "2026-11-20" }, "status": { "S": "open" },
        "total": { "N": "-7" },
    });
    assert_eq!(shown_item.exit, Exit::Done, "{}", shown_item.err);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown_item.out)?, typed);
    assert_eq!(found["result"], typed);
    let plain = document(&db, Models::new(), "item get orders 7 2026-11-20 --plain").await;
    assert_eq!(
        plain["result"],
        json!({ "customer": 7, "day": "2026-11-20", "status": "open", "total": -7 })
    );
    let (shown_item, missing) = told(&db, Models::new, "item get orders 7 2026-11-21").await;
    assert_eq!((shown_item.exit, shown_item.out.as_str()), (Exit::Missing, ""));
    assert_eq!(
        missing["error"],
        r#"there is no item (customer = 7, day = "2026-11-21") of table t_orders"#
    );
    for (line, why) in [
        ("item get orders 7", "another number of values"),
        ("item get orders seven 2026-11-20", "`customer`"),
        ("item query orders 7 --index by_nothing", "no such index"),
        ("item query orders 7 8", "another number of values"),
        ("item query orders open --index by_status --begins-with 1", "`total`"),
    ] {
        let wrong = shown(Cli::new(Models::new()), &db, line).await;
        assert_eq!(wrong.exit, Exit::Usage, "{line}: {}", wrong.err);
        assert!(wrong.err.contains(why), "{line}: {}", wrong.err);
    }
    assert_eq!(document(&db, Models::new(), "item get nothing 1").await["outcome"], "missing");
    Ok(())
}

#[tokio::test]
async fn the_items_of_a_hash_key_are_shown_in_order() -> Outcome {
    let db = orders().await;
    let (lines, found) = told(&db, Models::new, "item query orders 7 --plain").await;
    assert_eq!(lines.out.lines().count(), 3, "an item on each line: {}", lines.out);
    let first = json!({ "customer": 7, "day": "2026-11-19", "status": "open", "total": 5 });
    assert_eq!(found["result"][0], first);
    for (options, days) in [
        ("--reverse", &["2026-12-01", "2026-11-20", "2026-11-19"][..]),
        ("--reverse --limit 1", &["2026-12-01"]),
        ("--begins-with 2026-11", &["2026-11-19", "2026-11-20"]),
        ("--is 2026-11-20", &["2026-11-20"]),
        ("--from 2026-11-20", &["2026-11-20", "2026-12-01"]),
        ("--to 2026-11-20", &["2026-11-19", "2026-11-20"]),
        ("--from 2026-11-20 --to 2026-11-30", &["2026-11-20"]),
        ("--eventually-consistent --from 2027", &[]),
    ] {
        let line = format!("item query orders 7 {options}");
        let found = document(&db, Models::new(), &line).await;
        let found = found["result"].as_array().expect("items").clone();
        let found: Vec<_> =
            found.iter().map(|item| item["day"]["S"].as_str().expect("a day")).collect();
        assert_eq!(found, days, "{options}");
    }
    let line = "item query orders open --index by_status --from -7 --to 5 --plain";
    let found = document(&db, Models::new(), line).await;
    let totals: Vec<_> =
        found["result"].as_array().expect("items").iter().map(|i| &i["total"]).collect();
    assert_eq!(totals, [&json!(-7), &json!(5)]);
    Ok(())
}

#[tokio::test]
async fn what_a_limit_cuts_off_is_told() -> Outcome {
    let db = orders().await;
    let (cut, document_of) = told(&db, Models::new, "item query orders 7 --limit 2").await;
    assert_eq!((cut.exit, cut.out.lines().count()), (Exit::Done, 2));
    assert!(cut.err.contains("there is more"), "{}", cut.err);
    assert_eq!(document_of["has_more"], true);
    assert_eq!(document_of["result"].as_array().map(Vec::len), Some(2));
    for line in ["item query orders 7 --limit 3", "item query orders 7"] {
        let (all, document_of) = told(&db, Models::new, line).await;
        assert_eq!((all.out.lines().count(), all.err.as_str()), (3, ""), "{line}");
        assert!(document_of.get("has_more").is_none(), "{line}");
    }
    Ok(())
}

fn accounts() -> Models {
    models![Account, Order]
}

#[tokio::test]
async fn sequences_are_listed_shown_raised_and_repaired() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let db = Database::builder(client).table_prefix("t_").build();
    let none = document(&db, accounts(), "sequence list").await;
    assert_eq!(none["outcome"], "missing", "there is no table of counters");
    Table::<Account>::create(&db).await?;
    Sequence::named(&db, "tickets").next().await?;
    Account::of("ann", 5).insert(&db).await?;
    let (text, list) = told(&db, Models::new, "sequence list").await;
    assert_eq!(text.out, "the sequence of table t_accounts: 1\nsequence tickets: 1\n");
    assert_eq!(
        list["result"],
        json!([{ "name": null, "table": "t_accounts", "taken": 1 },
               { "name": "tickets", "table": null, "taken": 1 }])
    );
    let (text, _) = told(&db, Models::new, "sequence peek tickets").await;
    assert_eq!(text.out, "sequence tickets: 1\n");
    let peek = document(&db, Models::new(), "sequence peek --table accounts").await;
    assert_eq!(peek["result"]["taken"], 1);
    let (text, again) = told(&db, Models::new, "sequence raise tickets --to 100").await;
    assert_eq!(text.out, "sequence tickets is raised to 100\n");
    assert_eq!(
        (&again["result"]["is_raised"], &again["result"]["taken"]),
        (&json!(false), &json!(100))
    );
    assert_eq!(Sequence::named(&db, "tickets").next().await?, 101);

    // Another program stored account 41.
    put_raw(&db, "t_accounts", &[("id", n(41)), ("owner", s("bob")), ("balance", n(0))]).await;
    let (text, behind) = told(&db, accounts, "sequence verify").await;
    assert_eq!(text.exit, Exit::Differs);
    assert_eq!(
        text.out,
        "Account of table t_accounts: 1 taken, highest key 41: it is behind, repair it\n"
    );
    assert_eq!(
        (&behind["outcome"], &behind["result"][0]["highest"]),
        (&json!("differs"), &json!(41))
    );
    let (text, again) = told(&db, accounts, "sequence repair").await;
    assert_eq!(text.exit, Exit::Done);
    assert!(text.out.contains("it was behind, and is repaired"), "{}", text.out);
    assert_eq!(again["result"][0]["is_repaired"], false);
    assert_eq!(told(&db, accounts, "sequence verify").await.0.exit, Exit::Done);
    assert_eq!(Account::of("eve", 5).insert(&db).await?.id, 42);
    let raised = document(&db, accounts(), "sequence raise --table accounts --to 50").await;
    assert_eq!(raised["result"]["table"], "t_accounts");
    assert_eq!(Account::of("dan", 5).insert(&db).await?.id, 51);
    for wrong in ["sequence peek", "sequence peek a --table b", "sequence raise a"] {
        assert_eq!(shown(Cli::new(accounts()), &db, wrong).await.exit, Exit::Usage, "{wrong}");
    }
    Ok(())
}
