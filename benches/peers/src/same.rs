//! dynamap and the bare SDK by hand send the same requests: what is compared is not less work.

use dynamap::{Database, Model, Transaction};
use floor::Outcome;
use floor::answers::{FOUND, orders};
use floor::by_hand::{self, OWN};
use floor::canned::Canned;
use floor::order::{self, CUSTOMER};
use floor::wire::resolved;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::order::{Order, sample};

/// Compares the requests of every verb.
///
/// # Errors
/// Names the verbs whose requests differ, and shows both.
pub fn check() -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (ours, theirs) = (of_mapper().await?, of_hand().await?);
        let pairs = ours.into_iter().zip(theirs);
        let differ = pairs.filter(|((_, ours), (_, theirs))| ours != theirs);
        let told = differ.map(|((work, ours), (_, theirs))| {
            format!("{work}: dynamap sends\n{ours}\nby hand\n{theirs}\n")
        });
        let told: String = told.collect();
        if told.is_empty() { Ok(()) } else { Err(told.into()) }
    })
}

type Requests = Vec<(&'static str, Value)>;

async fn of_mapper() -> Outcome<Requests> {
    let canned = Canned::keeping(orders(OWN));
    let db = Database::new(canned.client());
    let mut sent = Requests::new();
    let mut order = Order::get(&db, (CUSTOMER, FOUND)).await?.ok_or("no order")?;
    sent.push(("get", resolved(canned.last()?)));
    sample(FOUND).insert(&db).await?;
    sent.push(("insert", resolved(canned.last()?)));
    order.total += 1;
    order.save(&db).await?;
    sent.push(("save", resolved(canned.last()?)));
    Order::update(&db, (CUSTOMER, FOUND)).add(Order::TOTAL, 5).await?;
    sent.push(("update", resolved(canned.last()?)));
    Order::query(&db, CUSTOMER).try_collect().await?;
    sent.push(("query", resolved(canned.last()?)));

    let tx = Transaction::begin(&db);
    for number in [1, 2] {
        let mut order = Order::get(&tx, (CUSTOMER, number)).await?.ok_or("no order")?;
        order.total += 30;
        tx.save(order)?;
    }
    tx.commit().await?;
    sent.push(("transfer", without_token(resolved(canned.last()?))));
    Ok(sent)
}

async fn of_hand() -> Outcome<Requests> {
    let canned = Canned::keeping(orders(OWN));
    let client = canned.client();
    let mut sent = Requests::new();
    let mut stored = by_hand::get(&client, CUSTOMER, FOUND).await?.ok_or("no order")?;
    sent.push(("get", resolved(canned.last()?)));
    by_hand::insert(&client, order::sample(FOUND)).await?;
    sent.push(("insert", resolved(canned.last()?)));
    stored.order.total += 1;
    by_hand::save_total(&client, &mut stored).await?;
    sent.push(("save", resolved(canned.last()?)));
    by_hand::add_to_total(&client, CUSTOMER, FOUND, 5).await?;
    sent.push(("update", resolved(canned.last()?)));
    by_hand::query(&client, CUSTOMER).await?;
    sent.push(("query", resolved(canned.last()?)));

    let mut both = Vec::new();
    for number in [1, 2] {
        let mut stored = by_hand::get(&client, CUSTOMER, number).await?.ok_or("no order")?;
        stored.order.total += 30;
        both.push(stored);
    }
    let [one, two] = &mut both[..] else { return Err("two orders".into()) };
    by_hand::save_both(&client, one, two).await?;
    sent.push(("transfer", without_token(resolved(canned.last()?))));
    Ok(sent)
}

/// The token is random; the SDK makes one by itself.
fn without_token(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("ClientRequestToken");
    }
    body
}
