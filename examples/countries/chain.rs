//! The migrations of `Country`: one step for each time that the maintainers changed its shape.

use dynamap::{Migrations, Step};

use super::steps::{currencies_and_dialling, demonyms, names_and_languages, united_nations};

pub static COUNTRIES: Migrations = Migrations::new(&[
    Step::new("1.4.0", "2.0.0", names_and_languages),
    Step::new("2.0.0", "3.0.0", currencies_and_dialling),
    Step::new("3.0.0", "4.0.0", demonyms),
    Step::new("4.0.0", "5.1.0", united_nations),
]);
