//! The smallest IAM policy for what a program does with its tables.
//!
//! * `verbs`: which actions of AWS each verb takes, and on what

mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::verbs::{Resource, Verb};
use crate::args::Chosen;
use crate::exit::Exit;
use crate::models::{Facts, Job};
use crate::report::{Answer, Answered, Failure};
use crate::session::Call;

#[derive(Debug, clap::Args)]
pub(crate) struct Policy {
    #[command(flatten)]
    chosen: Chosen,
    /// A table that no model is about; can be given several times
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
    /// What is done with them; can be given several times [default: every verb of a program that is no administrator]
    #[arg(long = "verb", value_name = "VERB", value_enum)]
    verbs: Vec<Verb>,
    /// The AWS Region [default: that of the client, else every one]
    #[arg(long, value_name = "REGION")]
    in_region: Option<String>,
    /// The number of the account
    #[arg(long, value_name = "NUMBER", default_value = "*")]
    account: String,
}

/// A policy as IAM takes it.
///
/// [AWS: grammar of policies](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
}

impl Policy {
    /// The models that are named; it is about tables alone where these are named.
    pub(crate) fn models(&self) -> Option<&[String]> {
        let is_about_models = self.tables.is_empty() || !self.chosen.models.is_empty();
        is_about_models.then_some(&self.chosen.models)
    }

    pub(crate) fn run(&self, call: Call<'_, '_>) -> Answered {
        let verbs = if self.verbs.is_empty() { Verb::EVERYDAY } else { &self.verbs };
        let mut about: Vec<Facts> =
            self.tables.iter().map(|table| Facts::of_table(table)).collect();
        if self.models().is_some() {
            about.extend(call.models.jobs().map(Job::facts));
        }
        let mut allowed: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        let arns = self.arns(call);
        for (facts, verb) in about.iter().flat_map(|facts| verbs.iter().map(move |v| (facts, v))) {
            for (on, actions) in facts.needs(*verb) {
                for resource in on.resources(facts) {
                    allowed.entry(arns(resource)).or_default().extend(actions);
                }
            }
        }
        let document = Document::of(allowed);
        let text = serde_json::to_string_pretty(&document);
        let text = text.map_err(|error| Failure::new(Exit::Error, &error))?;
        Answer::told(Exit::Done, &document, text + "\n")
    }

    /// The ARNs of resources.
    fn arns(&self, call: Call<'_, '_>) -> impl Fn(Resource) -> String {
        let region = call.db.client().config().region().map(ToString::to_string);
        let region = self.in_region.clone().or(region).unwrap_or_else(|| "*".to_owned());
        let partition = partition(&region);
        let account = self.account.clone();
        move |resource| match resource {
            Resource::Anything => "*".to_owned(),
            Resource::Table(table) => {
                let table = call.db.table(&table).full_name().to_owned();
                format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}")
            }
        }
    }
}

/// The partition of a Region, by how its name begins.
///
/// [AWS: partitions](https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html)
fn partition(region: &str) -> &'static str {
    const BEGINNINGS: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let found = BEGINNINGS.iter().find(|(begins, _)| region.starts_with(begins));
    found.map_or("aws", |(_, partition)| partition)
}

impl Document {
    /// Resources with the same actions share a statement.
    fn of(allowed: BTreeMap<String, BTreeSet<&'static str>>) -> Self {
        let mut by_actions: BTreeMap<BTreeSet<&str>, Vec<String>> = BTreeMap::new();
        for (resource, actions) in allowed {
            by_actions.entry(actions).or_default().push(resource);
        }
        let statement = by_actions.into_iter().map(|(actions, resource)| Statement {
            effect: "Allow",
            action: actions.iter().map(|action| format!("dynamodb:{action}")).collect(),
            resource,
        });
        Self { version: "2012-10-17", statement: statement.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_in_the_partition_that_its_name_begins_with() {
        for (region, expected) in [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("*", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition(region), expected, "{region}");
        }
    }
}
