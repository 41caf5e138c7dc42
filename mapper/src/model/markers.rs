//! What only some models can do: the derive says which.

use super::Model;

/// A model whose items have a time to live: `#[model(ttl)]` on a field.
#[diagnostic::on_unimplemented(
    message = "items of `{Self}` do not expire",
    label = "the model has no TTL attribute",
    note = "write `#[model(ttl)]` on a field of type `Ttl` or `Option<Ttl>`"
)]
pub trait Expires: Model {}

/// A model whose items can be deleted without a condition, many in one request: by [`Model::delete_many`]. Derived.
///
/// That is every model but those with a version, with unique values, whose guards go with the items, with a view, whose
/// rows do, and with a discriminator: an item that belongs to another model must not be deleted.
#[diagnostic::on_unimplemented(
    message = "an item of `{Self}` is not deleted without a condition",
    label = "the model has a version, a unique value, a view or a discriminator",
    note = "delete one by one: `{Self}::delete(&db, key)`, with `.when(…)` or `.unchecked()` where it has a version; or load the items and write `Loaded::delete`"
)]
pub trait BatchDelete {}

/// A model whose items can be put without a condition, many in one request: by [`Model::put_many`]. Derived.
///
/// That is every model that is [`BatchDelete`] but those with `created_at`, which a put in the place of an item would
/// lose, and with `auto_increment`, whose keys come from a counter.
#[diagnostic::on_unimplemented(
    message = "an item of `{Self}` is not put without a condition",
    label = "the model has a version, a unique value, a view, a discriminator, `created_at` or `auto_increment`",
    note = "for new items write `{Self}::insert_many(&db, models)`, for loaded ones `{Self}::save_many(&db, &mut loaded)`, for one in the place of whatever is there `model.upsert(&db)`"
)]
pub trait BatchPut {}

/// A model whose hash key comes from a counter: `#[model(hash_key, auto_increment)]`. Derived.
#[diagnostic::on_unimplemented(
    message = "the keys of `{Self}` do not come from a counter",
    label = "the model has no auto-increment key",
    note = "write `#[model(hash_key, auto_increment)]` on its hash key, or take numbers from `Sequence::named(&db, name)`"
)]
pub trait Counted: Model {}
