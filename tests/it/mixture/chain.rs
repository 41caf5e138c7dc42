//! The chains of steps: of today's program, and of the one that knows release 4.0.0 and nothing later.

use std::collections::HashMap;

use dynamap::{AttributeValue, Item, Migrations, Step, StepError};
use semver::Version;

use super::steps::{currencies_and_dialling, demonyms, names_and_languages, united_nations};

/// The steps of the example, and before them one that moves Kosovo to its code of today. Only the item under the old
/// code counts as older than that step, so that only this one cannot be read before it has moved.
pub static COUNTRIES: Migrations = Migrations::new(&[
    Step::keyed("1.3.0", "1.4.0", kosovo),
    Step::new("1.4.0", "2.0.0", names_and_languages),
    Step::new("2.0.0", "3.0.0", currencies_and_dialling),
    Step::new("3.0.0", "4.0.0", demonyms),
    Step::new("4.0.0", "5.1.0", united_nations).down(no_united_nations),
])
.detect_by(shape);

/// What the old program was built with.
pub static OLD: Migrations = Migrations::new(&[
    Step::keyed("1.3.0", "1.4.0", kosovo),
    Step::new("1.4.0", "2.0.0", names_and_languages),
    Step::new("2.0.0", "3.0.0", currencies_and_dialling),
    Step::new("3.0.0", "4.0.0", demonyms),
])
.detect_by(shape);

/// Items without a schema are of release 1.4.0.
fn shape(item: &Item) -> Version {
    if item.text("cca3") == Some("KOS") { Version::new(1, 3, 0) } else { Version::new(1, 4, 0) }
}

fn kosovo(mut item: Item) -> Result<Vec<Item>, StepError> {
    item.insert("cca3", AttributeValue::S("UNK".to_owned()));
    Ok(vec![item])
}

/// As release 4.0.0 has it.
fn no_united_nations(item: &mut Item) -> Result<(), StepError> {
    item.remove("unMember");
    item.remove("unRegionalGroup");
    if item.get("currencies").and_then(|value| value.as_m().ok()).is_some_and(HashMap::is_empty) {
        item.insert("currencies", AttributeValue::L(Vec::new()));
    }
    Ok(())
}
