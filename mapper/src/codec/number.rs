//! DynamoDB numbers as text: up to 38 digits, compared by value.
//!
//! The service keeps a number's value and rewrites its text (`1.50` comes back as `1.5`), so texts are brought to one
//! canonical form before they are compared or become part of a key.

use std::borrow::Cow;

use super::EncodeError;

/// Whether two number texts have the same value.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// The one spelling that all texts of a value share; a text that is no number is its own canonical form.
pub(crate) fn canonical(text: &str) -> Cow<'_, str> {
    // A longer one may end in more zeros than the form below spells out.
    if text.len() <= 38 && is_plain_integer(text) {
        return Cow::Borrowed(text);
    }
    match parts(text) {
        Some((_, digits, _)) if digits.is_empty() => Cow::Borrowed("0"),
        Some((negative, digits, exponent)) => {
            let sign = if negative { "-" } else { "" };
            match exponent {
                0 => Cow::Owned(format!("{sign}{digits}")),
                // An integer of a length that DynamoDB can hold is spelled out, as a plain integer is.
                1..=38 => Cow::Owned(format!(
                    "{sign}{digits}{}",
                    "0".repeat(usize::try_from(exponent).unwrap_or_default())
                )),
                _ => Cow::Owned(format!("{sign}{digits}e{exponent}")),
            }
        }
        None => Cow::Borrowed(text),
    }
}

/// `0`, `7`, `-12`: no leading zero, no fraction, no exponent.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.as_bytes() {
        [b'0'] => text == "0",
        [first, rest @ ..] => (b'1'..=b'9').contains(first) && rest.iter().all(u8::is_ascii_digit),
        [] => false,
    }
}

/// Sign, significant digits without outer zeros, and the power of ten of the last digit.
fn parts(text: &str) -> Option<(bool, String, i64)> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let joined = format!("{whole}{fraction}");
    let trimmed = joined.trim_start_matches('0');
    let digits = trimmed.trim_end_matches('0');
    let dropped = i64::try_from(trimmed.len() - digits.len()).ok()?;
    let exponent =
        exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    Some((negative, digits.to_owned(), exponent))
}

/// The order of two number texts; `None` where one is no number.
pub(crate) fn order(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    let ((a_negative, a_digits, a_exponent), (b_negative, b_digits, b_exponent)) =
        (parts(a)?, parts(b)?);
    let sign = |negative: bool, digits: &str| match (digits.is_empty(), negative) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => 1,
    };
    let (a_sign, b_sign) = (sign(a_negative, &a_digits), sign(b_negative, &b_digits));
    if a_sign != b_sign || a_sign == 0 {
        return Some(a_sign.cmp(&b_sign));
    }
    // Same sign: the power of ten of the first digit decides, then the digits themselves.
    let magnitude = |digits: &str, exponent: i64| {
        exponent.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX))
    };
    let size = magnitude(&a_digits, a_exponent)
        .cmp(&magnitude(&b_digits, b_exponent))
        .then_with(|| a_digits.cmp(&b_digits));
    Some(if a_sign < 0 { size.reverse() } else { size })
}

/// Whether DynamoDB can hold a number text.
pub(crate) fn check(text: &str) -> Result<(), EncodeError> {
    let Some((_, digits, exponent)) = parts(text) else {
        return Err(EncodeError::new("the text is no number"));
    };
    if digits.len() > 38 {
        return Err(EncodeError::new("the number has more than 38 significant digits"));
    }
    let first = exponent.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX)) - 1;
    if !digits.is_empty() && !(-130..=125).contains(&first) {
        return Err(EncodeError::new("the number is outside DynamoDB's range, 1E-130 to 9.9E+125"));
    }
    Ok(())
}

/// The sum of two numbers, or their difference.
///
/// # Errors
/// Where DynamoDB cannot hold it; it would refuse the same.
pub(crate) fn plus(a: &str, b: &str, minus: bool) -> Result<String, EncodeError> {
    let exponent = |text: &str| parts(text).map(|(_, _, exponent)| exponent);
    let (Some(a_exponent), Some(b_exponent)) = (exponent(a), exponent(b)) else {
        return Err(EncodeError::new("the text is no number"));
    };
    // A zero has no digits whose place matters.
    let exponent = match (is_zero(a), is_zero(b)) {
        (true, _) => b_exponent,
        (_, true) => a_exponent,
        _ => a_exponent.min(b_exponent),
    };
    let units = |text: &str| scaled(text, -exponent);
    let sum = units(a)
        .zip(units(b))
        .and_then(|(a, b)| if minus { a.checked_sub(b) } else { a.checked_add(b) });
    let too_long = || EncodeError::new("the result has more digits than DynamoDB holds");
    let sum = format!("{}e{exponent}", sum.ok_or_else(too_long)?);
    check(&sum)?;
    Ok(canonical(&sum).into_owned())
}

fn is_zero(text: &str) -> bool {
    parts(text).is_some_and(|(_, digits, _)| digits.is_empty())
}

/// A number times ten to the power of `scale`; `None` where that is no integer or too large.
pub(crate) fn scaled(text: &str, scale: i64) -> Option<i128> {
    let (negative, digits, exponent) = parts(text)?;
    if digits.is_empty() {
        return Some(0);
    }
    let zeros = u32::try_from(exponent.checked_add(scale)?).ok()?;
    let power = 10_i128.checked_pow(zeros)?;
    let size = digits.parse::<i128>().ok()?.checked_mul(power)?;
    Some(if negative { -size } else { size })
}

/// Some whole units of ten to the power of `-scale`, as a number text without outer zeros.
pub(crate) fn unscaled(units: i128, scale: u32) -> String {
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let power = 10_u128.saturating_pow(scale);
    let (whole, fraction) = (size / power, size % power);
    let width = usize::try_from(scale).unwrap_or_default();
    let text = format!("{sign}{whole}.{fraction:0width$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number text without an exponent and outer zeros; `None` where it is no number, or has a very large exponent.
#[cfg(feature = "rust_decimal")]
pub(crate) fn plain(text: &str) -> Option<String> {
    let (negative, digits, exponent) = parts(text)?;
    let sign = if negative { "-" } else { "" };
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let zeros = usize::try_from(exponent.unsigned_abs()).ok().filter(|zeros| *zeros <= 60)?;
    if exponent >= 0 {
        return Some(format!("{sign}{digits}{}", "0".repeat(zeros)));
    }
    let padded = format!("{}{digits}", "0".repeat((zeros + 1).saturating_sub(digits.len())));
    let (whole, fraction) = padded.split_at_checked(padded.len() - zeros)?;
    Some(format!("{sign}{whole}.{fraction}"))
}

/// The number of significant digits of a number text.
pub(crate) fn significant_digits(text: &str) -> usize {
    if is_plain_integer(text) {
        return text.trim_start_matches('-').trim_end_matches('0').len();
    }
    parts(text).map_or(0, |(_, digits, _)| digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_depends_on_the_value_alone() {
        for (text, form) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0"),
            ("007", "7"),
            ("+7", "7"),
            ("100", "100"),
            ("1E2", "100"),
            ("1.5", "15e-1"),
            ("1.50", "15e-1"),
            ("-12.0", "-12"),
            (".5", "5e-1"),
            ("5e-1", "5e-1"),
            ("1e40", "1e40"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(canonical(text), form, "{text}");
        }
    }

    #[test]
    fn long_integers_have_one_form_however_they_are_spelled() {
        for zeros in [1_usize, 36, 37, 38, 39, 40, 90] {
            let plain = format!("12{}", "0".repeat(zeros));
            assert!(equal(&plain, &format!("12e{zeros}")), "{zeros}");
            assert!(equal(&format!("-{plain}"), &format!("-1.2e{}", zeros + 1)), "{zeros}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let sorted = [
            "-1e3", "-10.5", "-10", "-0.1", "0", "1e-130", "0.099", "0.1", "9", "10.0", "11",
            "1e126",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(order(a, b), Some(i.cmp(&j)), "{a} {b}");
            }
        }
        assert_eq!(order("x", "1"), None);
    }

    #[test]
    fn sums_are_exact_or_refused() {
        for (a, b, sum) in [
            ("1", "2", "3"),
            ("0.1", "0.2", "3e-1"),
            ("1e2", "-1", "99"),
            ("-5", "5", "0"),
            ("0", "1e-130", "1e-130"),
            ("0.00", "7", "7"),
            ("1e125", "0", "1e125"),
            (
                "99999999999999999999999999999999999998",
                "1",
                "99999999999999999999999999999999999999",
            ),
        ] {
            assert_eq!(plus(a, b, false).ok().as_deref(), Some(sum), "{a} + {b}");
            assert_eq!(plus(b, a, false).ok().as_deref(), Some(sum), "{b} + {a}");
            let negative = b.strip_prefix('-').map_or_else(|| format!("-{b}"), str::to_owned);
            assert_eq!(plus(a, &negative, true).ok().as_deref(), Some(sum), "{a} - {negative}");
        }
        for (a, b) in [
            ("99999999999999999999999999999999999999", "0.1"),
            ("1e125", "1"),
            ("9.9e125", "9.9e125"),
            ("x", "1"),
        ] {
            assert!(plus(a, b, false).is_err(), "{a} + {b}");
        }
    }

    #[test]
    fn digits_are_counted_without_outer_zeros() {
        assert_eq!(significant_digits("00120.0"), 2);
        assert_eq!(significant_digits("1.05"), 3);
    }
}
