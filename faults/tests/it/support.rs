//! What the tests share: a store with one table, a client without retries, and short ways to write and read.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use dynamap_faults::Faults;

pub(crate) type TestResult = Result<(), Box<dyn Error>>;

/// A store with the table `notes` (key `id`).
pub(crate) struct Stage {
    pub(crate) faults: Faults,
    /// Through the faults, without retries.
    pub(crate) client: Client,
    /// Past the faults.
    pub(crate) plain: Client,
}

impl Stage {
    pub(crate) async fn new() -> Result<Self, Box<dyn Error>> {
        let plain = dynamap_embedded::memory()?;
        plain
            .create_table()
            .table_name("notes")
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name("id")
                    .attribute_type(ScalarAttributeType::S)
                    .build()?,
            )
            .key_schema(
                KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?,
            )
            .send()
            .await?;
        let faults = Faults::new();
        let config = plain.config().to_builder().retry_config(RetryConfig::disabled()).build();
        let client = faults.wrap(&Client::from_conf(config))?;
        Ok(Self { faults, client, plain })
    }

    pub(crate) fn put(&self, id: &str) -> PutItemFluentBuilder {
        self.client.put_item().table_name("notes").item("id", text(id))
    }

    /// Adds one to a counter.
    pub(crate) fn add(&self, id: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name("notes")
            .key("id", text(id))
            .update_expression("ADD seen :one")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
    }

    /// The item as it is in the store.
    pub(crate) async fn stored(
        &self,
        id: &str,
    ) -> Result<Option<HashMap<String, AttributeValue>>, Box<dyn Error>> {
        Ok(self.plain.get_item().table_name("notes").key("id", text(id)).send().await?.item)
    }

    pub(crate) async fn is_stored(&self, id: &str) -> Result<bool, Box<dyn Error>> {
        Ok(self.stored(id).await?.is_some())
    }

    /// How many items the store has.
    pub(crate) async fn items(&self) -> Result<i32, Box<dyn Error>> {
        Ok(self.plain.scan().table_name("notes").send().await?.count())
    }
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

/// What the caller sees of a failure: the service's code, or how the connection failed.
pub(crate) fn seen<E, R>(error: &SdkError<E, R>) -> String
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    match error {
        SdkError::DispatchFailure(failure) if failure.is_io() => "io".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_user() => "user".to_owned(),
        SdkError::TimeoutError(_) => "operation timeout".to_owned(),
        other => other.code().unwrap_or("no code").to_owned(),
    }
}
