//! Times as clients see them: RFC 3339 in UTC with milliseconds (<https://www.rfc-editor.org/rfc/rfc3339>). Inside the engine a time is a number
//! of Unix milliseconds; only the edges of this file know the text.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Unix milliseconds that stand in JSON as `2026-01-31T12:00:00.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads RFC 3339 with any offset; None when it is not a time. Fractions below the millisecond are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos().div_euclid(1_000_000))
            .ok()
            .map(Self)
    }

    /// The text; a time beyond the year 9999 is shown as the beginning of 1970.
    fn text(self) -> [u8; 24] {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .filter(|instant| (0..=9_999).contains(&instant.year()))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(&mut text[0..4], instant.year() as u32);
        put(&mut text[5..7], u32::from(u8::from(instant.month())));
        put(&mut text[8..10], u32::from(instant.day()));
        put(&mut text[11..13], u32::from(instant.hour()));
        put(&mut text[14..16], u32::from(instant.minute()));
        put(&mut text[17..19], u32::from(instant.second()));
        put(&mut text[20..23], u32::from(instant.millisecond()));
        text
    }
}

/// Writes a number with leading zeros into the whole of `digits`.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        to.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds_and_read_back() {
        for (time_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_678_794_555_120, "2023-03-14T11:49:15.120Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(time_ms).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp(time_ms)));
        }
    }

    #[test]
    fn an_offset_is_taken_into_account_and_nonsense_is_none() {
        assert_eq!(
            Timestamp::parse("2023-03-14T14:49:15.1209+03:00"),
            Some(Timestamp(1_678_794_555_120))
        );
        for text in ["", "yesterday", "2023-03-14", "2023-02-30T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
    }
}
