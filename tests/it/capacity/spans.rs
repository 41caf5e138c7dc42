//! What is traced about requests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use dynamap::faults::Fault;
use dynamap::{Database, Model};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::{Parcel, parcel, parcels};
use crate::support::{Outcome, Profile, store};

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of every span of the library.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(Id, Fields)>>>);

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if attributes.metadata().target() != "dynamap" {
            return;
        }
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        self.0.lock().expect("spans").push((id.clone(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().expect("spans");
        // Ids are used again: the last one is meant.
        if let Some((_, fields)) = spans.iter_mut().rev().find(|(known, _)| known == id) {
            values.record(&mut Collect(fields));
        }
    }
}

impl Spans {
    async fn of(
        &self,
        db: &Database,
        work: impl Future<Output = Outcome>,
    ) -> Result<Vec<Fields>, String> {
        let registry = Registry::default().with(self.clone());
        let work = async {
            self.arrive(db).await;
            work.await
        };
        work.with_subscriber(registry).await.map_err(|error| error.to_string())?;
        Ok(self.take())
    }

    /// Whether spans are wanted is decided for the whole process when the first one is made, which another test may be
    /// about to do, without a subscriber.
    async fn arrive(&self, db: &Database) {
        for _ in 0..1_000 {
            tracing::callsite::rebuild_interest_cache();
            Profile::get(db, "nobody").await.expect("a read");
            if !self.take().is_empty() {
                return;
            }
            std::thread::yield_now();
        }
        panic!("no span arrives");
    }

    fn take(&self) -> Vec<Fields> {
        let spans = std::mem::take(&mut *self.0.lock().expect("spans"));
        spans.into_iter().map(|(_, fields)| fields).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_a_span_with_opentelemetrys_names() -> Outcome {
    let (db, faults) = parcels().await;
    parcel(1, Some("Bern")).insert(&db).await?;
    let (db, _meter) = db.metered();
    faults.next("Query", Fault::Throttle);
    let spans = Spans::default();
    let work = async {
        Parcel::BY_WEIGHT.query(&db, "ann").consistent().try_collect().await?;
        Ok(())
    };
    let [span] = spans.of(&db, work).await?.try_into().map_err(|all| format!("{all:?}"))?;
    for (name, value) in [
        ("otel.name", "Query parcels"),
        ("otel.kind", "client"),
        ("db.system.name", "aws.dynamodb"),
        ("db.operation.name", "Query"),
        ("db.collection.name", "parcels"),
        ("aws.dynamodb.table_names", "parcels"),
        ("aws.dynamodb.index_name", "by_weight"),
        ("aws.dynamodb.consistent_read", "true"),
        ("aws.dynamodb.consumed_capacity", "1.0"),
        ("aws.dynamodb.count", "1"),
        ("aws.dynamodb.scanned_count", "1"),
        ("http.request.resend_count", "1"),
        ("error.type", ""),
    ] {
        assert_eq!(span.get(name).map(String::as_str), Some(value), "{name} of {span:?}");
    }
    Ok(())
}

#[tokio::test]
async fn no_span_shows_a_value() -> Outcome {
    let (db, _faults) = store().await;
    let spans = Spans::default();
    let work = async {
        Profile::new("S3CRET").insert(&db).await?;
        assert!(Profile::new("S3CRET").insert(&db).await.is_err());
        let mut loaded = Profile::get(&db, "S3CRET").await?.expect("the profile");
        loaded.name = Some("S3CRET".to_owned());
        loaded.save(&db).await?;
        Profile::scan(&db).filter(Profile::NAME.eq("S3CRET")).try_collect().await?;
        Profile::get_many(&db, ["S3CRET"]).await?;
        Ok(())
    };
    let found = spans.of(&db, work).await?;
    assert_eq!(found.len(), 6);
    assert!(!format!("{found:?}").contains("S3CRET"), "{found:?}");
    let failed: Vec<_> = found.iter().filter(|span| span["error.type"] == "rejected").collect();
    assert_eq!(failed.len(), 1, "{found:?}");
    Ok(())
}
