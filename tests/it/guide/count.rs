//! The chapter "Count things exactly".

use dynamap::{Database, Error, Gapless, Model, Rebuild, Rows, Sequence, Table, Transaction, View};

use crate::support::{Outcome, n, put_raw, s};

#[derive(Debug, Clone, Model)]
#[model(table = "tickets", view = PerState, validate = false)]
struct Ticket {
    #[model(hash_key)]
    id: u64,
    state: String,
    hours: u64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "tickets_per_state", validate = false)]
struct StateCount {
    #[model(hash_key)]
    state: String,
    #[model(default)]
    tickets: u64,
    #[model(default)]
    hours: u64,
}

struct PerState;

impl View for PerState {
    type Source = Ticket;
    type Row = StateCount;
    const NAME: &'static str = "per_state";

    fn add(ticket: &Ticket, rows: &mut Rows<StateCount>) {
        rows.add(&ticket.state, StateCount::TICKETS, 1);
        rows.add(&ticket.state, StateCount::HOURS, ticket.hours);
    }
}

fn ticket(id: u64, state: &str) -> Ticket {
    Ticket { id, state: state.to_owned(), hours: 2, version: 0 }
}

async fn desk() -> Result<Database, Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Ticket>::create(&db).await?;
    Table::<StateCount>::create(&db).await?;
    Ok(db)
}

#[tokio::test]
async fn the_rows_follow_the_items_through_every_verb() -> Outcome {
    let db = desk().await?;
    for id in 1..=3 {
        ticket(id, "open").insert(&db).await?;
    }

    let open = StateCount::get(&db, "open").consistent().await?.expect("a row");
    assert_eq!((open.tickets, open.hours), (3, 6));

    let mut one = Ticket::get(&db, 1).await?.expect("ticket 1");
    one.state = "done".to_owned();
    one.save(&db).await?; // one less here, one more there, in the same transaction
    Ticket::delete(&db, 2).unchecked().await?;

    let open = StateCount::get(&db, "open").consistent().await?.expect("a row");
    let done = StateCount::get(&db, "done").consistent().await?.expect("a row");
    assert_eq!((open.tickets, done.tickets), (1, 1));

    assert!(Rebuild::<PerState>::of(&db).verify().await?.is_exact());
    Ok(())
}

/// How many entities have a value; how much they weigh together.
async fn average(db: &Database, state: &str) -> Result<Option<u64>, Error> {
    let row = StateCount::get(db, state).await?;
    Ok(row.and_then(|row| row.hours.checked_div(row.tickets)))
}

#[tokio::test]
async fn an_average_is_two_sums() -> Outcome {
    let db = desk().await?;
    ticket(1, "open").insert(&db).await?;
    Ticket { hours: 6, ..ticket(2, "open") }.insert(&db).await?;
    assert_eq!(average(&db, "open").await?, Some(4));
    assert_eq!(average(&db, "done").await?, None);
    Ok(())
}

#[tokio::test]
async fn items_from_before_the_view_are_taken_in() -> Outcome {
    let db = desk().await?;
    // As a program wrote them that knows no view.
    for id in 1..=5 {
        let item = [("id", n(id)), ("state", s("open")), ("hours", n(2)), ("version", n(1))];
        put_raw(&db, "tickets", &item).await;
    }
    let before = Rebuild::<PerState>::of(&db).verify().await?;
    assert_eq!((before.items, before.left_out), (5, 5));

    // Meanwhile somebody works on one of them.
    Ticket::update(&db, 4).set(Ticket::STATE, "done").await?;

    let rebuilt = Rebuild::<PerState>::of(&db).run().await?;
    assert!(rebuilt.failed.is_empty());
    assert!(Rebuild::<PerState>::of(&db).verify().await?.is_exact());

    let open = StateCount::get(&db, "open").consistent().await?.expect("a row");
    assert_eq!(open.tickets, 4);
    assert_eq!(rebuilt.taken_in, 4);
    Ok(())
}

#[tokio::test]
async fn numbers_are_taken_and_not_counted() -> Outcome {
    let db = desk().await?;
    Sequence::create_table(&db).await?; // once: of all sequences, and of numbers without gaps
    let number = Sequence::named(&db, "visitors").next().await?;
    assert_eq!(number, 1);

    const INVOICES: Gapless = Gapless::new("invoices");
    let number = Transaction::run(&db, |tx| async move {
        let number = INVOICES.next(&tx).await?; // given back if this is not committed
        tx.insert(ticket(number, "open"))?;
        Ok::<_, Error>(number)
    })
    .await?;
    assert_eq!(number, 1);

    assert_eq!(Ticket::scan(&db).count().await?, 1);
    Ok(())
}
