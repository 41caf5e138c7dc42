//! What migration steps are written with: changes of raw items whose errors name the attribute.

use std::collections::HashMap;

use super::StepError;
use crate::codec::Attribute;
use crate::item::{AttributeValue, Item};

impl Item {
    /// Takes an attribute out, as a `T`.
    ///
    /// ```
    /// use dynamap::{AttributeValue, Item, StepError};
    ///
    /// fn euros_become_cents(item: &mut Item) -> Result<(), StepError> {
    ///     let euros: i64 = item.take("euros")?;
    ///     item.put("cents", &(euros * 100))
    /// }
    ///
    /// let mut item = Item::new();
    /// item.insert("euros", AttributeValue::N("5".into()));
    /// euros_become_cents(&mut item)?;
    /// assert_eq!(item.get("cents"), Some(&AttributeValue::N("500".into())));
    /// assert_eq!(
    ///     euros_become_cents(&mut item).expect_err("gone").to_string(),
    ///     "attribute `euros`: expected N, found nothing: the attribute is absent",
    /// );
    /// # Ok::<(), StepError>(())
    /// ```
    ///
    /// # Errors
    /// Where the attribute is absent and `T` is not of a kind that may be, as `Option`; where it does not read as `T`.
    /// Then the item is as it was.
    pub fn take<T: Attribute>(&mut self, name: &str) -> Result<T, StepError> {
        let value = self.read(name)?;
        self.remove(name);
        Ok(value)
    }

    /// Reads an attribute as a `T`.
    ///
    /// ```
    /// use dynamap::{AttributeValue, Item};
    ///
    /// let mut item = Item::new();
    /// item.insert("euros", AttributeValue::N("5".into()));
    /// assert_eq!(item.read::<i64>("euros")?, 5);
    /// assert_eq!(item.read::<Option<i64>>("dollars")?, None);
    /// assert!(item.read::<i64>("dollars").is_err());
    /// # Ok::<(), dynamap::StepError>(())
    /// ```
    ///
    /// # Errors
    /// As [`take`](Item::take).
    pub fn read<T: Attribute>(&self, name: &str) -> Result<T, StepError> {
        crate::private::field(self, name).map_err(StepError::from)
    }

    /// Stores a `T`; where it is stored as absent, as `None` is, the attribute is removed.
    ///
    /// ```
    /// use dynamap::{AttributeValue, Item};
    ///
    /// let mut item = Item::new();
    /// item.put("cents", &500_i64)?;
    /// assert_eq!(item.get("cents"), Some(&AttributeValue::N("500".into())));
    /// item.put("cents", &Option::<i64>::None)?;
    /// assert!(!item.contains("cents"));
    /// # Ok::<(), dynamap::StepError>(())
    /// ```
    ///
    /// # Errors
    /// Where DynamoDB cannot hold the value. Then the item is as it was.
    pub fn put<T: Attribute>(&mut self, name: &str, value: &T) -> Result<(), StepError> {
        match value.encode().map_err(|error| StepError::from(error.at(name)))? {
            Some(value) => self.insert(name, value),
            None => self.remove(name),
        };
        Ok(())
    }

    /// Replaces the value of an attribute by what `change` makes of it, perhaps of another type; an absent one stays
    /// absent. `None` from `change` is an error about the attribute.
    ///
    /// ```
    /// use dynamap::{AttributeValue, Item};
    ///
    /// let mut item = Item::new();
    /// item.insert("age", AttributeValue::S("41".into()));
    /// item.retype("age", |text: String| text.parse::<u32>().ok())?;
    /// assert_eq!(item.get("age"), Some(&AttributeValue::N("41".into())));
    /// # Ok::<(), dynamap::StepError>(())
    /// ```
    ///
    /// # Errors
    /// Where the value does not read as `A`, `change` makes nothing of it, or DynamoDB cannot hold what it makes. Then the
    /// item is as it was.
    pub fn retype<A: Attribute, B: Attribute>(
        &mut self,
        name: &str,
        change: impl FnOnce(A) -> Option<B>,
    ) -> Result<(), StepError> {
        if !self.contains(name) {
            return Ok(());
        }
        let changed = change(self.read(name)?);
        let changed =
            changed.ok_or_else(|| StepError::new(name, "its value cannot be taken over"))?;
        self.put(name, &changed)
    }

    /// Moves attributes into a map that is an attribute itself; those that are absent stay so, and where all are, so does
    /// the map. A map that is there gets more entries.
    ///
    /// ```
    /// use dynamap::Item;
    ///
    /// let mut item = Item::new();
    /// item.put("city", &"Bern".to_owned())?;
    /// item.put("zip", &3000_u32)?;
    /// item.nest(&["city", "zip"], "address")?;
    /// assert_eq!(item.names(), ["address"]);
    /// item.unnest("address")?;
    /// assert_eq!(item.names(), ["city", "zip"]);
    /// # Ok::<(), dynamap::StepError>(())
    /// ```
    ///
    /// # Errors
    /// Where `into` is there and no map. Then the item is as it was.
    pub fn nest(&mut self, names: &[&str], into: &str) -> Result<(), StepError> {
        let mut map = match self.get(into) {
            None => HashMap::new(),
            Some(AttributeValue::M(map)) => map.clone(),
            Some(other) => return Err(not_a_map(into, other)),
        };
        let mut rest = self.clone();
        for name in names {
            if let Some(value) = rest.remove(name) {
                map.insert((*name).to_owned(), value);
            }
        }
        *self = rest;
        if !map.is_empty() {
            self.insert(into, AttributeValue::M(map));
        }
        Ok(())
    }

    /// Moves the entries of a map out, to attributes of the item; the map is gone then. An absent one is nothing to do; an
    /// empty one is gone as well, and [`nest`](Item::nest) does not bring it back.
    ///
    /// ```
    /// use dynamap::{AttributeValue, Item};
    ///
    /// let city = || AttributeValue::S("Bern".into());
    /// let mut item = Item::new();
    /// item.insert("address", AttributeValue::M([("city".to_owned(), city())].into()));
    /// item.unnest("address")?;
    /// assert_eq!(item.text("city"), Some("Bern"));
    ///
    /// item.insert("address", AttributeValue::M([("city".to_owned(), city())].into()));
    /// let error = item.unnest("address").expect_err("a city is there");
    /// assert_eq!(error.attribute(), "city");
    /// assert!(item.contains("address")); // as it was
    /// # Ok::<(), dynamap::StepError>(())
    /// ```
    ///
    /// # Errors
    /// Where `name` is no map, or an attribute is in the way. Then the item is as it was.
    pub fn unnest(&mut self, name: &str) -> Result<(), StepError> {
        let map = match self.get(name) {
            None => return Ok(()),
            Some(AttributeValue::M(map)) => map.clone(),
            Some(other) => return Err(not_a_map(name, other)),
        };
        if let Some(taken) = map.keys().find(|entry| *entry != name && self.contains(entry)) {
            return Err(StepError::new(taken, "the item has it already"));
        }
        self.remove(name);
        for (entry, value) in map {
            self.insert(entry, value);
        }
        Ok(())
    }
}

fn not_a_map(name: &str, value: &AttributeValue) -> StepError {
    StepError::new(name, format!("expected a map, found {}", crate::item::kind_name(value)))
}
