//! The one text form of instants and of dates in an entry.

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, always with three digits of milliseconds.
pub(super) mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    fn written(at: &Timestamp) -> Option<String> {
        let text = format!("{:.3}", at);
        (text.len() == 24).then_some(text)
    }

    pub(in crate::entry) fn serialize<S: Serializer>(
        at: &Timestamp,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match written(at) {
            Some(text) => to.serialize_str(&text),
            None => Err(ser::Error::custom(
                "an instant outside the years 0000 to 9999",
            )),
        }
    }

    pub(in crate::entry) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        let at: Option<Timestamp> = text.parse().ok();
        at.filter(|at| written(at).as_ref() == Some(&text))
            .ok_or_else(|| de::Error::custom("not an instant in its one form"))
    }
}

/// `YYYY-MM-DD`, years 0000 to 9999.
pub(super) mod date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(in crate::entry) fn serialize<S: Serializer>(
        date: &Date,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text = date.to_string();
        if text.len() == 10 {
            to.serialize_str(&text)
        } else {
            Err(ser::Error::custom("a date outside the years 0000 to 9999"))
        }
    }

    pub(in crate::entry) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Date, D::Error> {
        let text = String::deserialize(from)?;
        let date: Option<Date> = text.parse().ok();
        date.filter(|date| date.to_string() == text)
            .ok_or_else(|| de::Error::custom("not a date in its one form"))
    }
}
