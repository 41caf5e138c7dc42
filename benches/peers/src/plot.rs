//! Bars of the instructions that each library takes, as SVG files beside the page.

use std::path::Path;

use floor::Outcome;
use floor::bare::BY_HAND;
use plotters::prelude::*;

use crate::results::{Results, docs};
use crate::targets::{MAPPERS, VERBS, ratio};

/// A group of bars.
struct Group {
    work: &'static str,
    /// The libraries, and how many times the instructions by hand each takes.
    bars: Vec<(&'static str, f64)>,
}

/// The file of the plot of the verbs.
pub const PLOT_OF_VERBS: &str = "benchmarks-verbs.svg";
/// The file of the plot of the codec.
pub const PLOT_OF_CODEC: &str = "benchmarks-codec.svg";

/// Draws both plots.
///
/// # Errors
/// Where a file cannot be written.
pub fn draw(results: &Results) -> Outcome {
    let group = |work: &&'static str| {
        let libraries = [BY_HAND, "dynamap"].into_iter().chain(MAPPERS);
        let ratio = |library| Some((library, ratio(results, work, library, BY_HAND)?));
        Group { work, bars: libraries.filter_map(ratio).collect() }
    };
    let groups = |works: &[&'static str]| works.iter().map(group).collect::<Vec<_>>();
    let title = "Instructions, as multiples of the bare SDK with hand-written mapping";
    bars(&docs().join(PLOT_OF_VERBS), title, &groups(&VERBS))?;
    let title = "Instructions, as multiples of hand-written mapping";
    bars(&docs().join(PLOT_OF_CODEC), title, &groups(&["decode", "encode"]))
}

const WIDTH: i32 = 860;
const BAR: i32 = 18;
const LEFT: i32 = 150;
const TOP: i32 = 44;
const HEAD: i32 = 26;
/// Where the longest bar ends; its number stands behind it.
const RIGHT: i32 = WIDTH - 70;

fn bars(file: &Path, title: &str, groups: &[Group]) -> Outcome {
    let rows: usize = groups.iter().map(|group| group.bars.len()).sum();
    let height = TOP + i32::try_from(rows)? * (BAR + 4) + i32::try_from(groups.len())? * HEAD + 12;
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |text: String, x, y, size: i32| {
        area.draw(&Text::new(text, (x, y), ("sans-serif", size).into_font().color(&BLACK)))
    };
    text(title.to_owned(), 12, 12, 17)?;
    let longest = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.1).fold(1.0, f64::max);
    let mut y = TOP;
    for group in groups {
        text(group.work.to_owned(), 12, y + 4, 15)?;
        y += HEAD;
        for (library, ratio) in &group.bars {
            #[expect(clippy::cast_possible_truncation, reason = "at most the width of the plot")]
            let length = (ratio / longest * f64::from(RIGHT - LEFT)) as i32;
            let bar = [(LEFT, y), (LEFT + length, y + BAR)];
            area.draw(&Rectangle::new(bar, color(library).filled()))?;
            text((*library).to_owned(), 24, y + 3, 13)?;
            text(format!("{ratio:.2}"), LEFT + length + 6, y + 3, 13)?;
            y += BAR + 4;
        }
    }
    Ok(area.present()?)
}

fn color(library: &str) -> RGBColor {
    match library {
        BY_HAND => RGBColor(150, 150, 150),
        "dynamap" => RGBColor(38, 110, 180),
        _ => RGBColor(214, 160, 90),
    }
}
