//! What is proved of one sample.

use std::marker::PhantomData;

use dynamap_mapper::schema::{
    LOCK_ATTRIBUTE, SCHEMA_ATTRIBUTE, Standing, VIEW_ATTRIBUTE, VIEW_OWNER_ATTRIBUTE,
    VIEWS_ATTRIBUTE, WRITE_ATTRIBUTE, standing,
};
use dynamap_mapper::{
    AttributeValue, EncodeError, Error, Item, Key, Loaded, Model, Upgrade as _, UpgradeError, same,
};
use semver::Version;

use super::{Checked, Fixture, Law, Sample};
use crate::chain::Migrations;
use crate::step::Step;

/// What the library itself keeps on items, beside key, version and schema.
const OWN: [&str; 5] =
    [WRITE_ATTRIBUTE, LOCK_ATTRIBUTE, VIEWS_ATTRIBUTE, VIEW_ATTRIBUTE, VIEW_OWNER_ATTRIBUTE];

/// A chain, and the model that its items become.
pub(super) struct Laws<'a, M> {
    chain: &'a Migrations,
    model: PhantomData<fn() -> M>,
}

/// What a sample is on its way.
struct Stage {
    schema: Version,
    items: Vec<Item>,
}

impl<'a, M: Model> Laws<'a, M> {
    pub(super) fn of(chain: &'a Migrations) -> Self {
        Self { chain, model: PhantomData }
    }

    pub(super) fn prove(&self, fixture: &Fixture, checked: &mut Checked) -> Result<(), Law> {
        let schema: Version = fixture.schema.parse().map_err(|_| Law::Schema)?;
        let item = self.stored(sample(&fixture.item)?, &schema)?;
        let layout = M::layout();
        let upgraded = if standing(&schema, &layout.schema) == Standing::Older {
            let stages = self.stages(&item, &schema)?;
            let upgraded = self.straight(&item, &schema)?;
            self.splits(&stages, &upgraded, checked)?;
            self.ways_back(&stages, &upgraded, checked)?;
            upgraded
        } else {
            self.ways_forth(&item, &schema, checked)?;
            vec![item.clone()]
        };
        for item in &upgraded {
            Self::round_trip(item)?;
        }
        if let [upgraded] = upgraded.as_slice() {
            self.lazily(&item, &schema, upgraded)?;
        }
        expected(fixture, &upgraded)
    }

    /// The item as a table holds it.
    fn stored(&self, item: &Item, schema: &Version) -> Result<Item, Law> {
        let mut item = item.clone();
        let stored = match item.get(SCHEMA_ATTRIBUTE) {
            Some(AttributeValue::S(text)) => Some(text.parse().map_err(|_| Law::Schema)?),
            Some(_) => return Err(Law::Schema),
            None => self.chain.detect(&item),
        };
        match stored {
            Some(stored) if stored != *schema => Err(Law::OtherSchema { stored }),
            Some(_) => Ok(item),
            None => {
                stamp(&mut item, schema);
                Ok(item)
            }
        }
    }

    /// What the sample is behind every step, by the functions of the steps alone.
    fn stages(&self, item: &Item, schema: &Version) -> Result<Vec<Stage>, Law> {
        let steps =
            self.chain.steps_from(schema).map_err(|error| unread::<M>(item, schema, error))?;
        let mut stages = vec![Stage { schema: schema.clone(), items: vec![item.clone()] }];
        for step in steps {
            let mut made = Vec::new();
            for before in stages.last().map_or(&[][..], |stage| &stage.items) {
                let after =
                    step.made(before.clone()).map_err(|error| unread::<M>(item, schema, error))?;
                after.iter().try_for_each(|after| Self::leaves_alone(step, before, after))?;
                made.extend(after);
            }
            stages.push(Stage { schema: step.to(), items: made });
        }
        Ok(stages)
    }

    /// A step changes what it declares, and nothing that is not its own.
    fn leaves_alone(step: &Step, before: &Item, after: &Item) -> Result<(), Law> {
        let (layout, outline) = (M::layout(), step.outline());
        let is_key = |name: &str| {
            layout.hash_key.name == name || layout.range_key.is_some_and(|key| key.name == name)
        };
        let is_owned = |name: &str| {
            let expires = matches!(before.get(name), Some(AttributeValue::N(_)));
            let is_ours = OWN.contains(&name);
            is_ours || layout.version == Some(name) || (layout.ttl == Some(name) && expires)
        };
        for attribute in differences(before, after) {
            let (from, to) = (step.from(), step.to());
            if !step.is_keyed() && (is_key(&attribute) || is_owned(&attribute)) {
                return Err(Law::Owned { from, to, attribute });
            }
            if !is_key(&attribute) && !outline.may_reshape(&attribute) {
                return Err(Law::Undeclared { from, to, attribute });
            }
        }
        Ok(())
    }

    /// What the chain makes of the sample in one, as the backfill does.
    fn straight(&self, item: &Item, from: &Version) -> Result<Vec<Item>, Law> {
        let made = self.chain.upgrade_apart(item.clone(), from);
        let mut made = made.map_err(|error| unread::<M>(item, from, error))?;
        for item in &mut made {
            stamp(item, &M::layout().schema);
        }
        Ok(made)
    }

    /// Stored anywhere on the way, the sample becomes the same.
    fn splits(
        &self,
        stages: &[Stage],
        upgraded: &[Item],
        checked: &mut Checked,
    ) -> Result<(), Law> {
        let Some((last, before)) = stages.split_last() else { return Ok(()) };
        if let Some(attribute) = first_difference(&last.items, upgraded) {
            return Err(Law::Impure { attribute });
        }
        for Stage { schema, items } in before.iter().skip(1) {
            let mut made = Vec::new();
            for item in items {
                let mut item = item.clone();
                stamp(&mut item, schema);
                made.extend(self.straight(&item, schema)?);
            }
            if let Some(attribute) = first_difference(&made, upgraded) {
                return Err(Law::Split { at: schema.clone(), attribute });
            }
            checked.splits += 1;
        }
        Ok(())
    }

    /// Brought back to wherever a way back leads, the sample is as it was there.
    fn ways_back(
        &self,
        stages: &[Stage],
        upgraded: &[Item],
        checked: &mut Checked,
    ) -> Result<(), Law> {
        let [upgraded] = upgraded else { return Ok(()) };
        for Stage { schema, items } in stages {
            let ([was], Some(back)) = (items.as_slice(), self.back(upgraded, schema)?) else {
                continue;
            };
            if let Some(attribute) = differences(was, &back).into_iter().next() {
                return Err(Law::Back { to: schema.clone(), attribute });
            }
            checked.ways_back += 1;
        }
        Ok(())
    }

    /// A sample of the model's own schema survives the ways back and up again.
    fn ways_forth(&self, item: &Item, schema: &Version, checked: &mut Checked) -> Result<(), Law> {
        if *schema != M::layout().schema {
            return Ok(());
        }
        for to in self.chain.steps().iter().map(Step::from) {
            let Some(mut back) = self.back(item, &to)? else { continue };
            stamp(&mut back, &to);
            let up = self.straight(&back, &to)?;
            if let Some(attribute) = first_difference(&up, std::slice::from_ref(item)) {
                return Err(Law::Forth { to, attribute });
            }
            checked.ways_back += 1;
        }
        Ok(())
    }

    /// An item of the model's schema in the shape of an older one; `None` where no way leads back.
    fn back(&self, item: &Item, to: &Version) -> Result<Option<Item>, Law> {
        let mut undone = self.chain.steps().iter().filter(|step| step.to() > *to);
        if *to == M::layout().schema || !self.chain.leads_back_to(to) || undone.any(Step::is_keyed)
        {
            return Ok(None);
        }
        let mut back = item.clone();
        let failed = |error| Law::BackFailed { to: to.clone(), error };
        self.chain.downgrade(&mut back, to).map_err(failed)?;
        let outlines: Vec<_> =
            self.chain.outline().into_iter().filter(|step| step.to > *to).collect();
        for attribute in differences(item, &back) {
            let Some(first) = outlines.first() else { continue };
            if !outlines.iter().any(|step| step.may_reshape(&attribute)) {
                return Err(Law::Undeclared {
                    from: first.from.clone(),
                    to: first.to.clone(),
                    attribute,
                });
            }
        }
        Ok(Some(back))
    }

    /// The model reads the item, is valid, and writes again what it read.
    fn round_trip(item: &Item) -> Result<(), Law> {
        let (layout, loaded) = (M::layout(), read::<M>(item)?);
        loaded.check().map_err(|report| law(Error::invalid(layout, report)))?;
        let written = encoded(&loaded)?;
        for name in layout.attributes {
            let other =
                layout.aliases.iter().filter(|(own, _)| own == name).map(|(_, alias)| *alias);
            let stored = std::iter::once(*name).chain(other).find_map(|name| item.get(name));
            if stored.is_some_and(|stored| !keeps(stored, written.get(name))) {
                return Err(Law::Lost { attribute: (*name).to_owned() });
            }
        }
        Ok(())
    }

    /// What a read makes of the sample is what the backfill makes of it.
    fn lazily(&self, item: &Item, schema: &Version, upgraded: &Item) -> Result<(), Law> {
        if self.chain.steps().iter().any(|step| step.is_keyed() && step.to() > *schema) {
            return Ok(());
        }
        let (lazy, eager) = (encoded(&read::<M>(item)?)?, encoded(&read::<M>(upgraded)?)?);
        match differences(&lazy, &eager).into_iter().next() {
            Some(attribute) => Err(Law::Lazy { attribute }),
            None => Ok(()),
        }
    }
}

/// What the fixture says it becomes.
fn expected(fixture: &Fixture, upgraded: &[Item]) -> Result<(), Law> {
    let said: Vec<&Item> = fixture.becomes.iter().map(sample).collect::<Result<_, _>>()?;
    if said.is_empty() {
        return Ok(());
    }
    if said.len() != upgraded.len() {
        return Err(Law::Count { found: upgraded.len(), said: said.len() });
    }
    let mut differing =
        said.into_iter().zip(upgraded).flat_map(|(said, item)| differences(said, item));
    differing.next().map_or(Ok(()), |attribute| Err(Law::Unexpected { attribute }))
}

fn sample(sample: &Sample) -> Result<&Item, Law> {
    sample.as_ref().map_err(|&(line, column)| Law::Json { line, column })
}

/// Through the mapper's one read path.
fn read<M: Model>(item: &Item) -> Result<Loaded<M>, Law> {
    M::decode(item.clone()).map_err(law)
}

fn encoded<M: Model>(model: &Loaded<M>) -> Result<Item, Law> {
    model.to_attributes().map_err(encode::<M>)
}

fn encode<M: Model>(error: EncodeError) -> Law {
    law(Error::encode(M::layout(), error))
}

fn law(error: Error) -> Law {
    Law::Read(Box::new(error))
}

/// The error of a read, for an upgrade that failed.
fn unread<M: Model>(item: &Item, schema: &Version, error: UpgradeError) -> Law {
    let layout = M::layout();
    match Key::of(layout, item) {
        Ok(key) => law(Error::not_upgraded(layout.table, &key, layout, schema, error)),
        Err(error) => encode::<M>(error),
    }
}

fn stamp(item: &mut Item, schema: &Version) {
    item.insert(SCHEMA_ATTRIBUTE, AttributeValue::S(schema.to_string()));
}

/// The attributes that differ, sorted; the schema does by its nature.
fn differences(one: &Item, other: &Item) -> Vec<String> {
    let mut names = one.names();
    names.extend(other.names());
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&str| match (one.get(name), other.get(name)) {
        (Some(one), Some(other)) => !same(one, other),
        _ => true,
    };
    let names = names.into_iter().filter(|name| *name != SCHEMA_ATTRIBUTE).filter(differs);
    names.map(str::to_owned).collect()
}

/// The first attribute in which two lists of items differ.
fn first_difference(some: &[Item], others: &[Item]) -> Option<String> {
    if some.len() != others.len() {
        let lone = some.iter().chain(others).next_back();
        return Some(
            lone.and_then(|item| item.names().first().map(|name| (*name).to_owned()))
                .unwrap_or_default(),
        );
    }
    some.iter().zip(others).flat_map(|(one, other)| differences(one, other)).next()
}

/// Whether what is stored is in what is written. Entries of documents that the model does not know are kept by a save, and
/// NULL is how absence is stored where a default stands for it.
fn keeps(stored: &AttributeValue, written: Option<&AttributeValue>) -> bool {
    use AttributeValue as V;
    match (stored, written) {
        (V::Null(_), None) => true,
        (_, None) => false,
        (V::M(stored), Some(V::M(written))) => stored.iter().all(|(name, value)| {
            written.get(name).is_none_or(|written| keeps(value, Some(written)))
        }),
        (V::L(stored), Some(V::L(written))) => {
            let pairs = || stored.iter().zip(written);
            stored.len() == written.len() && pairs().all(|(one, other)| keeps(one, Some(other)))
        }
        (stored, Some(written)) => same(stored, written),
    }
}
