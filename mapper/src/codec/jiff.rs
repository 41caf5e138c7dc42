//! The types of the crate jiff (feature `jiff`).

use ::jiff::civil::{Date, DateTime, Time};
use ::jiff::tz::Offset;
use ::jiff::{SignedDuration, Timestamp};

use super::civil::{self, Civil};
use super::foreign::{NANOS, SECONDS, nanoseconds};
use super::sets::elements;
use super::{DecodeError, EncodeError, number};

fn civil_of(at: DateTime) -> Result<Civil, EncodeError> {
    let odd = |_| EncodeError::new("the date or time is out of range");
    Ok(Civil {
        year: at.year().into(),
        month: at.month().try_into().map_err(odd)?,
        day: at.day().try_into().map_err(odd)?,
        hour: at.hour().try_into().map_err(odd)?,
        minute: at.minute().try_into().map_err(odd)?,
        second: at.second().try_into().map_err(odd)?,
        nanos: at.subsec_nanosecond().try_into().map_err(odd)?,
    })
}

fn date_of(civil: Civil) -> Option<Date> {
    let (month, day) = (civil.month.try_into().ok()?, civil.day.try_into().ok()?);
    Date::new(civil.year.try_into().ok()?, month, day).ok()
}

fn date_time_of(civil: Civil) -> Option<DateTime> {
    let (hour, minute) = (civil.hour.try_into().ok()?, civil.minute.try_into().ok()?);
    let (second, nanos) = (civil.second.try_into().ok()?, civil.nanos.try_into().ok()?);
    let time = Time::new(hour, minute, second, nanos).ok()?;
    Some(date_of(civil)?.to_datetime(time))
}

/// The point in time at an offset; one that could not be written again is none.
pub(super) fn instant(civil: Civil, offset: i32) -> Option<Timestamp> {
    let at = Offset::from_seconds(offset).ok()?.to_timestamp(date_time_of(civil)?).ok()?;
    instant_text(at).is_ok().then_some(at)
}

pub(super) fn instant_text(at: Timestamp) -> Result<String, EncodeError> {
    civil_of(Offset::UTC.to_datetime(at))?.text().map(|text| text + "Z")
}

civil::attribute!(
    Timestamp,
    S,
    "text of one width in UTC, such as `2026-07-29T12:00:00.000000000Z`; reads any offset",
    instant_text,
    |value| civil::from_text(civil::INSTANT, value, |text| {
        let (civil, _, offset) = civil::parse(text)?;
        instant(civil, offset?)
    })
);

civil::attribute!(
    DateTime,
    S,
    "text of one width, such as `2026-07-29T12:00:00.000000000`",
    |at| civil_of(at)?.text(),
    |value| civil::from_text(civil::DATE_TIME, value, |text| match civil::parse(text)? {
        (civil, true, None) => date_time_of(civil),
        _ => None,
    })
);

civil::attribute!(
    Date,
    S,
    "text such as `2026-07-29`",
    |date: Date| civil_of(date.at(0, 0, 0, 0))?.date_text(),
    |value| civil::from_text(civil::DATE, value, |text| match civil::parse(text)? {
        (civil, false, None) => date_of(civil),
        _ => None,
    })
);

civil::attribute!(
    SignedDuration,
    N,
    "seconds, with up to nine decimals",
    |duration: SignedDuration| Ok(number::unscaled(duration.as_nanos(), 9)),
    |value| {
        let nanos = nanoseconds(value)?;
        let seconds = i64::try_from(nanos / NANOS).ok();
        let nanos = i32::try_from(nanos % NANOS).ok();
        let duration = seconds.zip(nanos).map(|(seconds, nanos)| Self::new(seconds, nanos));
        duration.ok_or(DecodeError::new(SECONDS, "N out of range"))
    }
);

elements! {
    Ss of S, Ss, "a string set": [] Timestamp, [] DateTime, [] Date;
    Ns of N, Ns, "a number set": [] SignedDuration;
}
