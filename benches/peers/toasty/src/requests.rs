//! What the verbs send: every request, printed.

use bytes::Bytes;
use floor::answers::{FOUND, orders};
use floor::by_hand::{self, OWN};
use floor::canned::{Answers, Canned};
use floor::order::{CUSTOMER, sample};
use floor::{Outcome, wire};
use tokio::runtime::Builder;

use crate::answers::{MORE, answers};
use crate::verbs;

/// Prints what Toasty sends for each work, and then what is sent by hand.
///
/// # Errors
/// Where something fails.
pub(crate) fn print() -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(toasty())?;
    runtime.block_on(by_hand())
}

async fn toasty() -> Outcome {
    let canned = Canned::new(printing(answers()));
    let mut db = verbs::open(canned.client()).await?;
    println!("# Toasty: get");
    let mut order = verbs::get(&mut db).await?;
    println!("# Toasty: insert");
    verbs::insert(&mut db, sample(FOUND).into()).await?;
    println!("# Toasty: save");
    verbs::save(&mut db, &mut order).await?;
    println!("# Toasty: update");
    verbs::update(&mut db).await?;
    println!("# Toasty: query of 10");
    verbs::query(&mut db).await?;
    Ok(())
}

async fn by_hand() -> Outcome {
    let canned = Canned::new(printing(orders(OWN)));
    let client = canned.client();
    println!("# by hand: get");
    let mut order = by_hand::get(&client, CUSTOMER, FOUND).await?.ok_or("no order")?;
    println!("# by hand: insert");
    by_hand::insert(&client, sample(FOUND)).await?;
    println!("# by hand: save");
    by_hand::save_total(&client, &mut order).await?;
    println!("# by hand: update");
    by_hand::add_to_total(&client, CUSTOMER, FOUND, MORE).await?;
    println!("# by hand: query of 10");
    by_hand::query(&client, CUSTOMER).await?;
    Ok(())
}

/// The answers of the rows; each request is printed, with names and values in the place of placeholders.
fn printing(answers: impl Answers) -> impl Answers {
    move |operation: &str, body: &[u8]| -> Bytes {
        match serde_json::from_slice(body) {
            Ok(json) => println!("{operation} {:#}", wire::resolved(json)),
            Err(error) => println!("{operation}: {error}"),
        }
        answers(operation, body)
    }
}
