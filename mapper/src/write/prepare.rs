//! What happens to a model before it is written: defaults, automatic fields, hooks, validation.

use crate::automatic::{Automatic, WriteVerb};
use crate::database::Database;
use crate::error::Error;
use crate::model::Model;

/// The model as it is to be written, before an id is spent on it. `stored` is the model as it was read, for a save.
///
/// # Errors
/// `Invalid` and `Encode`.
pub fn prepare<M: Model>(
    db: &Database,
    mut model: M,
    verb: WriteVerb,
    stored: Option<&M>,
) -> Result<M, Error> {
    let layout = M::layout();
    let invalid = |report| Error::invalid(layout, report);
    // A value that is written over another is written as it is: cleared stays cleared.
    if verb == WriteVerb::Insert {
        model.fill_defaults().map_err(|error| Error::encode(layout, error))?;
    }
    let automatic = Automatic::new(db, verb);
    model.fill_automatic(&automatic, stored);
    model.normalize();
    let mut model = model.before_write(verb).map_err(invalid)?;
    // The hooks see what the library owns and do not change it.
    model.fill_automatic(&automatic, stored);
    model.check().map_err(invalid)?;
    Ok(model)
}
