//! What a WebDAV server says lies in a folder (RFC 4918, `multistatus`): the names of files, and nothing else of it.

use percent_encoding::percent_decode_str;
use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

/// What is asked.
pub(super) const QUESTION: &str =
    r#"<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>"#;

/// The names of the files in an answer; what is no plain name is left out.
///
/// # Errors
/// What is wrong with the answer.
pub fn names(answer: &[u8]) -> Result<Vec<String>, String> {
    let answer = std::str::from_utf8(answer).map_err(|_| "its answer is not UTF-8".to_owned())?;
    let mut reader = NsReader::from_str(answer);
    let mut names = Vec::new();
    let (mut href, mut inside, mut folder) = (String::new(), false, false);
    loop {
        let (space, event) = reader
            .read_resolved_event()
            .map_err(|_| "its answer is not well-formed XML".to_owned())?;
        let dav = space == ResolveResult::Bound(Namespace("DAV:"));
        match event {
            Event::DocType(_) => return Err("its answer has a document type".into()),
            Event::Start(e) | Event::Empty(e) if dav => match e.local_name().as_ref() {
                "response" => (href, folder) = (String::new(), false),
                "href" => inside = true,
                "collection" => folder = true,
                _ => {}
            },
            Event::Text(text) if inside => href.push_str(&text),
            // No name of ours has one.
            Event::GeneralRef(_) if inside => folder = true,
            Event::End(e) if dav => match e.local_name().as_ref() {
                "href" => inside = false,
                "response" if !folder => names.extend(last(&href)),
                _ => {}
            },
            Event::Eof => return Ok(names),
            Event::Start(_)
            | Event::Empty(_)
            | Event::Text(_)
            | Event::GeneralRef(_)
            | Event::End(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_) => {}
        }
    }
}

/// The last name of a path.
fn last(href: &str) -> Option<String> {
    let name = href.trim().rsplit('/').next()?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    (!name.is_empty() && !name.contains('/')).then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use exchange::file_name::FileName;

    use super::*;
    use crate::directory::package_of;

    #[test]
    fn only_names_of_files_are_taken_from_an_answer() {
        let response = |href: &str, kind: &str| {
            format!(
                "<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype>{kind}</d:resourcetype></d:prop></d:propstat></d:response>"
            )
        };
        let answer = |inner: &str| {
            format!(r#"<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{inner}</d:multistatus>"#)
        };
        let all = [
            response("/post/dwp/", "<d:collection/>"),
            response("/post/dwp/a.pkg", ""),
            response("https://x.example/post/dwp/b%252fc.pkg", ""),
            response("/post/dwp/folder.pkg", "<d:collection/>"),
            response("/post/dwp/up%2f..%2fx.pkg", ""),
            response("/post/dwp/&amp;.pkg", ""),
            response("/post/dwp/%ff.pkg", ""),
        ]
        .concat();
        assert_eq!(
            names(answer(&all).as_bytes()).unwrap(),
            ["a.pkg", "b%2fc.pkg"]
        );
        // What a hostile server says: nothing of it is a name of ours, so nothing of it is ever asked for.
        let long = "a".repeat(1 << 20);
        let hostile = [
            "..",
            ".",
            "%2e%2e",
            "%2e%2e%2fx.pkg",
            "..%5cx.xlsx",
            "x%00.xlsx",
            "x%0d%0ay.xlsx",
            "%1b[2Jx.pkg",
            "%e2%80%aex.xlsx",
            "%2fetc%2fpasswd",
            "C:%5cx.xlsx",
            " x.pkg",
            "x.pkg%20",
            "x.pkg/",
            "",
            &long,
        ];
        let hostile: String = hostile
            .iter()
            .map(|name| response(&format!("/post/dwp/{name}"), ""))
            .collect();
        let said = names(answer(&hostile).as_bytes()).unwrap();
        assert!(said.iter().all(|name| !name.contains('/')));
        assert_eq!(said.iter().filter_map(|n| package_of(n)).count(), 0);
        assert_eq!(said.iter().filter_map(FileName::parse).count(), 0);
        let other = answer(&all).replace("DAV:", "other:");
        assert_eq!(names(other.as_bytes()).unwrap(), [""; 0]);
        for bad in [
            "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
            "<d:multistatus xmlns:d='DAV:'></d:other>",
        ] {
            assert!(names(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
