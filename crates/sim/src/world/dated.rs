//! What of dated values stands on a day.

use agreement::DatedAddress;
use jiff::civil::Date;

/// The dated values in this text that had begun by `day`, in their order; an end after that day is not known
/// yet.
pub(crate) fn begun(text: &str, day: Date) -> Vec<DatedAddress> {
    agreement::split(text)
        .iter()
        .filter_map(|one| DatedAddress::parse(one))
        .filter(|one| one.from.is_none_or(|from| from <= day))
        .map(|one| DatedAddress {
            until: one.until.filter(|until| *until <= day),
            ..one
        })
        .collect()
}

/// Those of them that have not ended before `day`.
pub(crate) fn standing(text: &str, day: Date) -> Vec<DatedAddress> {
    let mut all = begun(text, day);
    all.retain(|one| one.until.is_none_or(|until| until >= day));
    all
}

/// The latest of the values that had begun.
pub(crate) fn latest(text: &str, day: Date) -> Option<DatedAddress> {
    begun(text, day).into_iter().max_by_key(|one| one.from)
}

/// The lines and the postcode of the latest address that had begun.
pub(crate) fn home(text: &str, day: Date) -> Option<(String, String)> {
    let latest = latest(text, day)?.address;
    let (lines, postcode) = latest.rsplit_once(", ")?;
    Some((lines.to_owned(), postcode.to_owned()))
}
