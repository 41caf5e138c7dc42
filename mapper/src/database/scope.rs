//! Handles to a database whose requests are counted or limited.
//!
//! Both belong to a handle and not to the verbs, so every verb can be metered and limited, a whole job too, and none has
//! to know of it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::Database;
use crate::capacity::charge::{Charge, Kind};
use crate::capacity::{Limiter, Meter, RateLimit, Reserved, TableUsage, names};

/// What a handle counts or limits, besides what the handle does that it was made from.
pub(super) struct Scope {
    watch: Watch,
    outer: Option<Arc<Scope>>,
}

enum Watch {
    Meter(Meter),
    Limit(Arc<Limiter>),
}

impl Database {
    /// A handle to the same store, and a [`Meter`] of what its requests cost, those of its clones included. Take one for
    /// each piece of work whose cost is of interest, or one for the whole program.
    ///
    /// What is asked of a metered handle is counted by the handle that it was made from too. Nothing changes but that the
    /// service is asked for the capacity that each request consumed.
    ///
    /// See [`Meter`] for an example.
    #[must_use]
    pub fn metered(&self) -> (Self, Meter) {
        let meter = Meter::default();
        (self.watched(Watch::Meter(meter.clone())), meter)
    }

    /// A handle to the same store whose requests, those of its clones included, take no more capacity than `limit` says.
    /// For bulk work beside live traffic: scans, batches, backfills, any verb.
    ///
    /// A handle made from a limited one keeps to both limits. The limit is of this program: several programs share a
    /// table's throughput by each taking a part. See [`RateLimit`] for an example.
    #[must_use]
    pub fn limited(&self, limit: RateLimit) -> Self {
        let limiter = Limiter::new(limit, &self.inner.prefix);
        self.watched(Watch::Limit(Arc::new(limiter)))
    }

    fn watched(&self, watch: Watch) -> Self {
        let outer = self.scope.clone();
        Self { inner: Arc::clone(&self.inner), scope: Some(Arc::new(Scope { watch, outer })) }
    }

    fn scopes(&self) -> impl Iterator<Item = &Watch> {
        let inward = std::iter::successors(self.scope.as_deref(), |scope| scope.outer.as_deref());
        inward.map(|scope| &scope.watch)
    }

    fn limiters(&self) -> impl Iterator<Item = &Arc<Limiter>> {
        self.scopes().filter_map(|watch| match watch {
            Watch::Limit(limiter) => Some(limiter),
            Watch::Meter(_) => None,
        })
    }

    /// What requests ask of the service: their cost, where somebody wants to know.
    pub(crate) fn asks_capacity(&self) -> Option<ReturnConsumedCapacity> {
        let is_asked = self.scope.is_some() || self.inner.observer.is_some();
        is_asked.then_some(ReturnConsumedCapacity::Indexes)
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.limiters().next().is_some()
    }

    /// Takes from every limit what a request of these tables will need about, and tells how long it must wait.
    pub(crate) fn reserve(
        &self,
        tables: &str,
        index: Option<&str>,
        kind: Kind,
    ) -> (Vec<Reserved>, Duration) {
        let all = self.limiters().map(|limiter| limiter.reserve(names(tables), index, kind));
        let (reserved, waits): (Vec<_>, Vec<_>) = all.unzip();
        (reserved, waits.into_iter().max().unwrap_or_default())
    }

    pub(crate) fn charge(&self, charge: &Charge<'_>) {
        for watch in self.scopes() {
            match watch {
                Watch::Meter(meter) => meter.add(charge),
                Watch::Limit(limiter) => limiter.charge(charge),
            }
        }
    }

    /// Notes something that happened with a request of these tables.
    pub(crate) fn count(&self, tables: &str, what: impl Fn(&mut TableUsage)) {
        for watch in self.scopes() {
            if let Watch::Meter(meter) = watch {
                meter.count(tables, &what);
            }
        }
    }

    pub(crate) fn throttled(&self, tables: &str, index: Option<&str>, kind: Kind) {
        for limiter in self.limiters() {
            names(tables).for_each(|table| limiter.throttled(table, index, kind));
        }
    }
}
