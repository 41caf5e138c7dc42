//! What one answer of the service says about cost and throttling, whatever the operation.

use aws_sdk_dynamodb::operation::{
    batch_get_item::{BatchGetItemError, BatchGetItemOutput},
    batch_write_item::{BatchWriteItemError, BatchWriteItemOutput},
    create_table::{CreateTableError, CreateTableOutput},
    delete_item::{DeleteItemError, DeleteItemOutput},
    delete_table::{DeleteTableError, DeleteTableOutput},
    describe_continuous_backups::{
        DescribeContinuousBackupsError, DescribeContinuousBackupsOutput,
    },
    describe_table::{DescribeTableError, DescribeTableOutput},
    describe_time_to_live::{DescribeTimeToLiveError, DescribeTimeToLiveOutput},
    get_item::{GetItemError, GetItemOutput},
    list_tables::{ListTablesError, ListTablesOutput},
    list_tags_of_resource::{ListTagsOfResourceError, ListTagsOfResourceOutput},
    put_item::{PutItemError, PutItemOutput},
    query::{QueryError, QueryOutput},
    scan::{ScanError, ScanOutput},
    tag_resource::{TagResourceError, TagResourceOutput},
    transact_get_items::{TransactGetItemsError, TransactGetItemsOutput},
    transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
    update_continuous_backups::{UpdateContinuousBackupsError, UpdateContinuousBackupsOutput},
    update_item::{UpdateItemError, UpdateItemOutput},
    update_table::{UpdateTableError, UpdateTableOutput},
    update_time_to_live::{UpdateTimeToLiveError, UpdateTimeToLiveOutput},
};
use aws_sdk_dynamodb::types::{Capacity, ConsumedCapacity, ThrottlingReason};

use super::Units;

/// Units that a table or an index is charged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge<'a> {
    pub(crate) table: &'a str,
    pub(crate) index: Option<&'a str>,
    /// Whether the index is local: the table pays.
    pub(crate) local: bool,
    pub(crate) units: Units,
    pub(crate) estimated: bool,
}

/// What an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Kind {
    /// `None` for operations on tables, which take none.
    pub(crate) fn of(operation: &str) -> Option<Self> {
        match operation {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => Some(Self::Read),
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems" => {
                Some(Self::Write)
            }
            _ => None,
        }
    }

    pub(crate) fn units(self, units: f64) -> Units {
        match self {
            Self::Read => Units { read: units, write: 0.0 },
            Self::Write => Units { read: 0.0, write: units },
        }
    }
}

/// An answer of the service.
pub(crate) trait Answer {
    /// What it cost, where the service was asked.
    fn consumed(&self) -> &[ConsumedCapacity] {
        &[]
    }

    /// How many items it returns or counts, and how many were evaluated for that.
    fn items(&self) -> Option<(i32, i32)> {
        None
    }
}

/// A refusal of the service.
pub(crate) trait Refusal {
    /// What was throttled, by which limit.
    fn throttling(&self) -> &[ThrottlingReason] {
        &[]
    }
}

macro_rules! one {
    ($($output:ident)*) => { $(
        impl Answer for $output {
            fn consumed(&self) -> &[ConsumedCapacity] {
                self.consumed_capacity.as_slice()
            }
        }
    )* };
}

macro_rules! counted {
    ($($output:ident)*) => { $(
        impl Answer for $output {
            fn consumed(&self) -> &[ConsumedCapacity] {
                self.consumed_capacity.as_slice()
            }

            fn items(&self) -> Option<(i32, i32)> {
                Some((self.count, self.scanned_count))
            }
        }
    )* };
}

macro_rules! many {
    ($($output:ident)*) => { $(
        impl Answer for $output {
            fn consumed(&self) -> &[ConsumedCapacity] {
                self.consumed_capacity()
            }
        }
    )* };
}

macro_rules! throttled {
    ($($error:ident)*) => { $(
        impl Refusal for $error {
            fn throttling(&self) -> &[ThrottlingReason] {
                match self {
                    Self::ProvisionedThroughputExceededException(e) => e.throttling_reasons(),
                    Self::ThrottlingException(e) => e.throttling_reasons(),
                    Self::RequestLimitExceeded(e) => e.throttling_reasons(),
                    _ => &[],
                }
            }
        }
    )* };
}

one!(GetItemOutput PutItemOutput UpdateItemOutput DeleteItemOutput);
counted!(QueryOutput ScanOutput);
many!(BatchGetItemOutput BatchWriteItemOutput TransactGetItemsOutput TransactWriteItemsOutput);
throttled! {
    GetItemError PutItemError UpdateItemError DeleteItemError QueryError ScanError
    BatchGetItemError BatchWriteItemError TransactGetItemsError TransactWriteItemsError
}

macro_rules! free {
    ($($output:ident $error:ident)*) => { $(
        impl Answer for $output {}
        impl Refusal for $error {}
    )* };
}

free! {
    CreateTableOutput CreateTableError DeleteTableOutput DeleteTableError
    DescribeTableOutput DescribeTableError
    DescribeTimeToLiveOutput DescribeTimeToLiveError UpdateTimeToLiveOutput UpdateTimeToLiveError
    DescribeContinuousBackupsOutput DescribeContinuousBackupsError
    UpdateContinuousBackupsOutput UpdateContinuousBackupsError
    ListTablesOutput ListTablesError UpdateTableOutput UpdateTableError
    ListTagsOfResourceOutput ListTagsOfResourceError TagResourceOutput TagResourceError
}

/// Takes an answer apart, by table and index.
pub(crate) fn charges(
    consumed: &[ConsumedCapacity],
    kind: Kind,
) -> impl Iterator<Item = Charge<'_>> {
    consumed.iter().flat_map(move |consumed| {
        let table = consumed.table_name.as_deref().unwrap_or_default();
        let charge = move |index, local, capacity: &Capacity| {
            let units = units(capacity, kind);
            Charge { table, index, local, units, estimated: false }
        };
        let locals = consumed.local_secondary_indexes.iter().flatten();
        let globals = consumed.global_secondary_indexes.iter().flatten();
        let own = consumed.table.iter().map(move |capacity| charge(None, false, capacity));
        own.chain(locals.map(move |(name, capacity)| charge(Some(name.as_str()), true, capacity)))
            .chain(
                globals.map(move |(name, capacity)| charge(Some(name.as_str()), false, capacity)),
            )
    })
}

/// Only transactions are told reads from writes by the service: the replay of one is a read.
fn units(capacity: &Capacity, kind: Kind) -> Units {
    match (capacity.read_capacity_units, capacity.write_capacity_units) {
        (None, None) => kind.units(capacity.capacity_units.unwrap_or_default()),
        (read, write) => Units { read: read.unwrap_or_default(), write: write.unwrap_or_default() },
    }
}
