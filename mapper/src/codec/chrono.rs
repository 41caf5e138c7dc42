//! The types of the crate chrono (feature `chrono`), stored as those of jiff are.

use ::chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::civil::{self, Civil};
use super::foreign::{NANOS, SECONDS, nanoseconds};
use super::sets::elements;
use super::{DecodeError, EncodeError, number};

fn civil_of(at: NaiveDateTime) -> Result<Civil, EncodeError> {
    let odd = |_| EncodeError::new("the date or time is out of range");
    let nanos = at.nanosecond();
    if nanos >= 1_000_000_000 {
        return Err(EncodeError::new("a leap second cannot be stored"));
    }
    Ok(Civil {
        year: at.year(),
        month: at.month().try_into().map_err(odd)?,
        day: at.day().try_into().map_err(odd)?,
        hour: at.hour().try_into().map_err(odd)?,
        minute: at.minute().try_into().map_err(odd)?,
        second: at.second().try_into().map_err(odd)?,
        nanos,
    })
}

fn date_of(civil: Civil) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(civil.year, civil.month.into(), civil.day.into())
}

fn date_time_of(civil: Civil) -> Option<NaiveDateTime> {
    let Civil { hour, minute, second, nanos, .. } = civil;
    date_of(civil)?.and_hms_nano_opt(hour.into(), minute.into(), second.into(), nanos)
}

/// The point in time at an offset; one that could not be written again is none.
pub(super) fn instant(civil: Civil, offset: i32) -> Option<DateTime<Utc>> {
    let offset = TimeDelta::seconds(offset.into());
    let at = date_time_of(civil)?.checked_sub_signed(offset)?.and_utc();
    instant_text(at).is_ok().then_some(at)
}

pub(super) fn instant_text(at: DateTime<Utc>) -> Result<String, EncodeError> {
    civil_of(at.naive_utc())?.text().map(|text| text + "Z")
}

civil::attribute!(
    DateTime<Utc>,
    S,
    "text of one width in UTC, such as `2026-07-29T12:00:00.000000000Z`; reads any offset",
    instant_text,
    |value| civil::from_text(civil::INSTANT, value, |text| {
        let (civil, _, offset) = civil::parse(text)?;
        instant(civil, offset?)
    })
);

civil::attribute!(
    NaiveDateTime,
    S,
    "text of one width, such as `2026-07-29T12:00:00.000000000`",
    |at| civil_of(at)?.text(),
    |value| civil::from_text(civil::DATE_TIME, value, |text| match civil::parse(text)? {
        (civil, true, None) => date_time_of(civil),
        _ => None,
    })
);

civil::attribute!(
    NaiveDate,
    S,
    "text such as `2026-07-29`",
    |date: NaiveDate| civil_of(date.into())?.date_text(),
    |value| civil::from_text(civil::DATE, value, |text| match civil::parse(text)? {
        (civil, false, None) => date_of(civil),
        _ => None,
    })
);

civil::attribute!(
    TimeDelta,
    N,
    "seconds, with up to nine decimals",
    |delta: TimeDelta| {
        let nanos = i128::from(delta.num_seconds()) * NANOS + i128::from(delta.subsec_nanos());
        Ok(number::unscaled(nanos, 9))
    },
    |value| {
        let nanos = nanoseconds(value)?;
        let seconds = i64::try_from(nanos.div_euclid(NANOS)).ok();
        let nanos = u32::try_from(nanos.rem_euclid(NANOS)).ok();
        let delta = seconds.zip(nanos).and_then(|(seconds, nanos)| Self::new(seconds, nanos));
        delta.ok_or(DecodeError::new(SECONDS, "N out of range"))
    }
);

elements! {
    Ss of S, Ss, "a string set": [] DateTime<Utc>, [] NaiveDateTime, [] NaiveDate;
    Ns of N, Ns, "a number set": [] TimeDelta;
}
