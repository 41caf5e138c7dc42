//! A model that came from the store, with the item it came from.

use std::fmt;
use std::ops::{Deref, DerefMut};

use semver::Version;

use crate::decode::{self, Current};
use crate::error::Error;
use crate::item::{AttributeValue, Item, same_option};
use crate::key::Key;
use crate::model::Model;
use crate::schema::{self, Stored};

/// A model as it is in the store: what reads and inserts return.
///
/// Derefs to the model, so fields are read and changed directly; [`save`](Loaded::save) writes the changes back.
/// It keeps the item as it was stored (the *image*): a save sends the difference, attributes that the struct does not
/// know survive, and the condition of the write comes from the image, so a changed `version` field is ignored and a
/// changed key is an [`Error::KeyChanged`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let mut account = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// account.balance += 10;
/// account.save(&db).await?;
/// assert_eq!(account.version, 2);
/// assert_eq!((account.key().to_string(), account.stored_schema().to_string()), ("id = 1".into(), "1.0.0".into()));
/// assert_eq!(account.image().read::<i64>("balance")?, 15); // as it is stored now
/// assert_eq!(account.into_inner().balance, 15);
/// # Ok(())
/// # }
/// ```
///
/// It tells what a save would send, is read again, and deleted:
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "notes", validate = false)]
/// # struct Note { #[model(hash_key)] id: u64, text: String, done: bool }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Note>::create(&db).await?;
/// let mut note = Note { id: 1, text: "milk".into(), done: false }.insert(&db).await?;
/// note.text = "tea".into();
/// let (set, removed) = note.changes()?;
/// assert_eq!((set.names(), removed.len()), (vec!["text"], 0));
///
/// Note::update(&db, 1).set(Note::DONE, true).await?; // somebody else, another attribute
/// assert!(note.save_if_unchanged(&db).await.is_err_and(|error| error.is_conflict()));
/// note.reload(&db).await?;
/// assert_eq!((note.text.as_str(), note.done), ("milk", true));
/// assert_eq!(note.delete(&db).await?.text, "milk");
/// assert!(Note::get(&db, 1).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Loaded<M> {
    model: M,
    key: Key,
    image: Item,
    upgraded: Option<Item>,
    stored_schema: Version,
    /// The attributes that the last write of this value left, where a hook would read them back as others.
    left: Option<Item>,
}

impl<M> Loaded<M> {
    pub(crate) fn from_store(model: M, key: Key, image: Item, current: Current) -> Self {
        let Current { stored_schema, upgraded } = current;
        Self { model, key, image, upgraded, stored_schema, left: None }
    }

    /// What a write of a whole new item left.
    pub(crate) fn written(model: M, key: Key, image: Item) -> Self
    where
        M: Model,
    {
        let current = Current { stored_schema: M::layout().schema.clone(), upgraded: None };
        let mut loaded = Self::from_store(model, key, Item::new(), current);
        loaded.settle(image);
        loaded
    }

    /// The plain model, without the image; it can no longer be saved.
    pub fn into_inner(self) -> M {
        self.model
    }

    /// The key under which the item is stored.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The item as it was stored when it was read or last written, before any upgrade. Changes of fields are not in it.
    pub fn image(&self) -> &Item {
        &self.image
    }

    /// The item as it was stored, and nothing else.
    #[doc(hidden)]
    pub fn into_image(self) -> Item {
        self.image
    }

    /// The schema of the stored item; older than the model's where the item was upgraded on read.
    pub fn stored_schema(&self) -> &Version {
        &self.stored_schema
    }

    /// Whether the item was upgraded on read and not yet written back.
    ///
    /// ```
    /// use dynamap::{Item, Migrations, Model, Step, StepError};
    ///
    /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("mail", "email");
    ///     Ok(())
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// struct User { #[model(hash_key)] id: u64, email: String }
    ///
    /// let mut item = Item::new();
    /// item.put("id", &7_u64)?;
    /// item.put("mail", &"ann@example.org".to_owned())?;
    /// let user = User::decode(item)?;
    /// assert_eq!((user.key().to_string().as_str(), user.email.as_str()), ("id = 7", "ann@example.org"));
    /// assert!(user.is_upgraded() && user.stored_schema().to_string() == "1.0.0");
    /// assert_eq!(user.image().names(), ["id", "mail"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_upgraded(&self) -> bool {
        self.upgraded.is_some()
    }
}

impl<M: Model> Loaded<M> {
    /// The item in the model's shape: as stored, or as upgraded.
    pub(crate) fn current(&self) -> &Item {
        self.upgraded.as_ref().unwrap_or(&self.image)
    }

    /// The model as the program was given it.
    pub(crate) fn as_read(&self, table: &str) -> Result<M, Error> {
        decode::attributes(table, &self.key, self.current())
    }

    /// The item that a save of `model` leaves in the store, before version, nonce and schema are stamped on it.
    pub(crate) fn target(&self, table: &str, as_read: &M, model: &M) -> Result<Item, Error> {
        let layout = M::layout();
        let encode = |e| Error::encode(layout, e);
        if model.key().map_err(encode)? != self.key {
            return Err(Error::key_changed(table, &self.key));
        }
        let mut wanted = self.current().clone();
        model.put_attributes(&mut wanted).map_err(encode)?;
        let mut read = self.current().clone();
        let as_read = if let Some(left) = &self.left {
            left
        } else {
            as_read.put_attributes(&mut read).map_err(encode)?;
            &read
        };
        let mut target = self.current().clone();
        for name in layout.attributes {
            let (wanted, as_read) = (wanted.get(name), as_read.get(name));
            // What the program did not change stays as it is stored: an absent attribute that read as its default stays
            // absent, and a value that another program spelled differently keeps its spelling. What is composed of
            // others is brought up to date, whoever wrote it.
            if !layout.is_composed(name) && same_option(wanted, as_read) {
                continue;
            }
            let value = wanted.map(|wanted| merged(target.get(name), as_read, wanted.clone()));
            target.set(name, value);
            for (_, alias) in layout.aliases.iter().filter(|(written, _)| written == name) {
                target.remove(alias);
            }
        }
        Ok(target)
    }

    /// Takes over what a successful write left in the store.
    pub(crate) fn settle(&mut self, image: Item) {
        if let Ok(Some(version)) = decode::stored_version(M::layout(), &image)
            && let Some(field) = self.model.version_mut()
        {
            *field = version;
        }
        if let Stored::Version(schema) = schema::stored(&image) {
            self.stored_schema = schema;
        }
        // Written in an older schema, it is read again from there.
        let is_older = self.stored_schema < M::layout().schema;
        let upgraded = is_older.then(|| M::layout().upgraded(&image, &self.stored_schema));
        self.upgraded = upgraded.and_then(Result::ok);
        self.image = image;
        // The write is gone, and what it started from is this value's alone.
        self.image.settle();
        self.left = M::layout().after_read.then(|| self.model.to_attributes().ok()).flatten();
    }
}

/// A new value of a document in which entries that the model does not know stay as they are stored.
fn merged(
    stored: Option<&AttributeValue>,
    as_read: Option<&AttributeValue>,
    new: AttributeValue,
) -> AttributeValue {
    let (Some(AttributeValue::M(stored)), Some(AttributeValue::M(as_read))) = (stored, as_read)
    else {
        return new;
    };
    let AttributeValue::M(mut new) = new else { return new };
    let mut all = stored.clone();
    all.retain(|name, _| new.contains_key(name) || !as_read.contains_key(name));
    for (name, value) in new.drain() {
        if !same_option(Some(&value), as_read.get(&name)) {
            let value = merged(stored.get(&name), as_read.get(&name), value);
            all.insert(name, value);
        }
    }
    AttributeValue::M(all)
}

impl<M> Deref for Loaded<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

impl<M> DerefMut for Loaded<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.model
    }
}

/// Shows the model, as its own `Debug` does.
impl<M: fmt::Debug> fmt::Debug for Loaded<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loaded").field(&self.model).finish()
    }
}
