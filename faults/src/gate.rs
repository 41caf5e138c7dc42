//! Holds one request until a test lets it go, so that races are put in order without sleeping.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds the request that [`Faults::pause`](crate::Faults::pause) or
/// [`pause_answer`](crate::Faults::pause_answer) announced. Dropping it releases the request, or, when none has come yet,
/// withdraws the gate.
///
/// ```
/// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dynamap_faults::Faults;
///
/// let faults = Faults::new();
/// let client = faults.wrap(&dynamap_embedded::memory()?)?;
/// let gate = faults.pause("ListTables");
/// let list = tokio::spawn(client.list_tables().send());
/// gate.reached().await; // it was sent, and is not executed
/// client.create_table().table_name("pets")
/// #     .billing_mode(BillingMode::PayPerRequest)
/// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
/// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
///     // … its key …
///     .send().await?; // so this one overtakes it
/// gate.release();
/// assert_eq!(list.await??.table_names(), ["pets"]);
///
/// drop(faults.pause("ListTables")); // withdrawn: no request has come
/// assert_eq!(faults.pending(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Gate {
    state: Arc<State>,
}

/// Which side of the execution a gate is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Answer,
}

/// The side of a gate that the request sees.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    reached: watch::Sender<bool>,
    released: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let state =
            State { reached: watch::Sender::new(false), released: watch::Sender::new(false) };
        Self { state: Arc::new(state) }
    }

    pub(crate) fn hold(&self) -> Hold {
        Hold { state: Arc::clone(&self.state) }
    }

    /// Waits until a request is held here. It may be called again, and does not end while no request comes.
    pub async fn reached(&self) {
        wait(&self.state.reached).await;
    }

    /// Lets the request go.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.state.released.send_replace(true);
    }
}

impl Hold {
    /// Whether there is nothing left to wait for.
    pub(crate) fn is_released(&self) -> bool {
        *self.state.released.borrow()
    }

    /// Announces the request and waits until the test lets it go.
    pub(crate) async fn wait(&self) {
        self.state.reached.send_replace(true);
        wait(&self.state.released).await;
    }
}

async fn wait(flag: &watch::Sender<bool>) {
    // An error would mean that the sender is gone, which the caller borrows.
    flag.subscribe().wait_for(|set| *set).await.ok();
}
