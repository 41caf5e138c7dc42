//! What a table shall be: put together from all the models that it holds.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex,
    Projection, ProjectionType, ProvisionedThroughput,
};

use crate::database::Database;
use crate::error::{Error, TableError};
use crate::index::IndexLayout;
use crate::key::KeyAttribute;
use crate::layout::Layout;
use crate::sequence::COUNTERS;
use crate::settings::{TableSettings, Throughput};
use crate::unique::GUARDS;

/// A table as its models want it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// The full name.
    pub(super) name: String,
    pub(super) keys: Vec<KeySchemaElement>,
    /// Of the keys of the table and its indexes.
    pub(super) attributes: Vec<AttributeDefinition>,
    pub(super) indexes: Vec<WantedIndex>,
    pub(super) ttl: Option<&'static str>,
    pub(super) settings: TableSettings,
    /// Whether the library needs it beside the tables of models.
    pub(super) own: bool,
}

/// An index as the models want it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedIndex {
    pub(super) name: &'static str,
    pub(super) local: bool,
    pub(super) keys: Vec<KeySchemaElement>,
    pub(super) projection: Projection,
}

/// The tables of some models, and those that the library needs for them: its own first.
pub(super) fn wanted(db: &Database, layouts: &[&'static Layout]) -> Result<Vec<Wanted>, Error> {
    let mut all: Vec<Wanted> = Vec::new();
    let own = [
        layouts.iter().any(|layout| layout.auto_increment).then_some(&COUNTERS),
        layouts.iter().any(|layout| !layout.uniques.is_empty()).then_some(&GUARDS),
    ];
    for layout in own.into_iter().flatten() {
        all.push(Wanted { own: true, ..Wanted::of(db, layout)? });
    }
    for layout in layouts {
        let one = Wanted::of(db, layout)?;
        match all.iter_mut().find(|other| other.name == one.name) {
            None => all.push(one),
            Some(other) => other.merge(one)?,
        }
    }
    for one in &all {
        let is_global = |name: &str| one.index(name).is_some_and(|index| !index.local);
        if let Some(what) = one.settings.flaw(is_global) {
            return Err(TableError::Settings { table: one.name.clone(), what }.into());
        }
    }
    Ok(all)
}

impl Wanted {
    pub(super) fn of(db: &Database, layout: &Layout) -> Result<Self, Error> {
        let name = db.table_name(layout);
        let indexes: Result<_, BuildError> = layout
            .indexes
            .iter()
            .map(|index| {
                Ok(WantedIndex {
                    name: index.name,
                    local: index.local,
                    keys: key_schema(index.hash_key, index.range_key)?,
                    projection: projection(layout, index),
                })
            })
            .collect();
        let mut keys = vec![layout.hash_key];
        keys.extend(layout.range_key);
        for key in
            layout.indexes.iter().flat_map(|index| index.hash_key.iter().chain(index.range_key))
        {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
        let unbuilt = |error| super::unbuilt("CreateTable", &name, error);
        Ok(Self {
            keys: key_schema(&[layout.hash_key], layout.range_key.as_slice()).map_err(unbuilt)?,
            attributes: keys.iter().map(definition).collect::<Result<_, _>>().map_err(unbuilt)?,
            indexes: indexes.map_err(unbuilt)?,
            ttl: layout.ttl,
            settings: *layout.settings,
            own: false,
            name,
        })
    }

    /// Adds what another model of the same table wants.
    fn merge(&mut self, other: Self) -> Result<(), Error> {
        let differ = |what: &str| {
            let table = self.name.clone();
            Err(TableError::ModelsDiffer { table, what: what.to_owned() }.into())
        };
        if self.keys != other.keys {
            return differ("the key");
        }
        for attribute in other.attributes {
            let name = attribute.attribute_name();
            match self.attributes.iter().find(|own| own.attribute_name() == name) {
                None => self.attributes.push(attribute),
                Some(own) if *own == attribute => {}
                Some(_) => return differ(&format!("the type of the key attribute `{name}`")),
            }
        }
        for index in other.indexes {
            match self.indexes.iter_mut().find(|own| own.name == index.name) {
                None => self.indexes.push(index),
                Some(own) if own.keys == index.keys && own.local == index.local => {
                    own.projection = union(&own.projection, &index.projection);
                }
                Some(_) => return differ(&format!("the keys of the index `{}`", index.name)),
            }
        }
        match (self.ttl, other.ttl) {
            (Some(own), Some(ttl)) if own != ttl => return differ("the TTL attribute"),
            (own, ttl) => self.ttl = own.or(ttl),
        }
        if self.settings == TableSettings::DEFAULT {
            self.settings = other.settings;
        } else if other.settings != TableSettings::DEFAULT && other.settings != self.settings {
            return differ("the settings");
        }
        Ok(())
    }

    pub(super) fn index(&self, name: &str) -> Option<&WantedIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// The definitions of those attributes that these keys have.
    pub(super) fn definitions(&self, keys: &[KeySchemaElement]) -> Vec<AttributeDefinition> {
        let is_of = |definition: &&AttributeDefinition| {
            keys.iter().any(|key| key.attribute_name() == definition.attribute_name())
        };
        self.attributes.iter().filter(is_of).cloned().collect()
    }

    pub(super) fn global(&self) -> Result<Vec<GlobalSecondaryIndex>, BuildError> {
        let global = self.indexes.iter().filter(|index| !index.local);
        global
            .map(|index| {
                let throughput = self.settings.of_index(index.name).map(provisioned).transpose()?;
                GlobalSecondaryIndex::builder()
                    .index_name(index.name)
                    .set_key_schema(Some(index.keys.clone()))
                    .projection(index.projection.clone())
                    .set_provisioned_throughput(throughput)
                    .build()
            })
            .collect()
    }

    pub(super) fn local(&self) -> Result<Vec<LocalSecondaryIndex>, BuildError> {
        let local = self.indexes.iter().filter(|index| index.local);
        local
            .map(|index| {
                LocalSecondaryIndex::builder()
                    .index_name(index.name)
                    .set_key_schema(Some(index.keys.clone()))
                    .projection(index.projection.clone())
                    .build()
            })
            .collect()
    }
}

pub(super) fn provisioned(throughput: Throughput) -> Result<ProvisionedThroughput, BuildError> {
    ProvisionedThroughput::builder()
        .read_capacity_units(throughput.read.into())
        .write_capacity_units(throughput.write.into())
        .build()
}

fn definition(key: &KeyAttribute) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(key.name).attribute_type(key.kind.into()).build()
}

fn key_schema(
    hash: &[KeyAttribute],
    range: &[KeyAttribute],
) -> Result<Vec<KeySchemaElement>, BuildError> {
    let hash = hash.iter().map(|key| (key, KeyType::Hash));
    let range = range.iter().map(|key| (key, KeyType::Range));
    hash.chain(range)
        .map(|(key, kind)| {
            KeySchemaElement::builder().attribute_name(key.name).key_type(kind).build()
        })
        .collect()
}

/// What an index holds, as AWS is told it.
fn projection(layout: &Layout, index: &IndexLayout) -> Projection {
    let builder = Projection::builder();
    match layout.included(index) {
        None => builder.projection_type(ProjectionType::All),
        Some(names) if names.is_empty() => builder.projection_type(ProjectionType::KeysOnly),
        Some(names) => builder
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names.into_iter().map(str::to_owned).collect())),
    }
    .build()
}

/// What an index holds that two models of a table share.
fn union(one: &Projection, other: &Projection) -> Projection {
    let all = Some(&ProjectionType::All);
    if one.projection_type() == all || other.projection_type() == all {
        return Projection::builder().projection_type(ProjectionType::All).build();
    }
    let mut names: Vec<String> =
        one.non_key_attributes().iter().chain(other.non_key_attributes()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    }
    Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(names))
        .build()
}
