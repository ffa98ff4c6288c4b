//! Walks the tags of one part with bounds: no document type, no entity but the five of XML, no comment or
//! instruction, no other encoding than UTF-8, nesting and tags of bounded size, every tag closed by its own.

use std::io::BufRead;

use exchange::table::FileFault;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::broken;
use crate::fault::{STRUCTURE, whole};
use crate::limits;

/// A start tag.
pub(super) struct Tag<'a> {
    start: &'a BytesStart<'a>,
    /// How many elements it stands in; the part's root has 0.
    pub(super) depth: usize,
}

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// The value of the attribute with exactly this name.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<String>, FileFault> {
        for attribute in self.start.attributes() {
            let attribute = attribute.map_err(|_| broken())?;
            if attribute.key.as_ref() == name {
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|_| broken())?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }

    /// Is the attribute there and true (`1`, `true`, `on`)? What is neither true nor false counts as true.
    pub(super) fn is_on(&self, name: &str) -> Result<bool, FileFault> {
        Ok(self
            .attribute(name)?
            .is_some_and(|value| !matches!(value.as_str(), "0" | "false" | "off")))
    }

    /// Is the attribute there and a length of nothing?
    pub(super) fn is_nothing(&self, name: &str) -> Result<bool, FileFault> {
        // Below a tenth of a point or character nothing can be seen.
        Ok(self
            .attribute(name)?
            .is_some_and(|value| !value.trim().parse::<f64>().is_ok_and(|n| n >= 0.1)))
    }
}

/// What stands in a part, in its order.
pub(super) enum Node<'a> {
    Open(Tag<'a>),
    Close,
}

fn foreign() -> FileFault {
    whole(
        STRUCTURE,
        "the workbook's XML has a document type, an entity, a comment or an instruction: save it anew",
    )
}

/// Walks a part.
pub(super) fn walk(
    part: impl BufRead,
    visit: &mut dyn FnMut(Node<'_>) -> Result<(), FileFault>,
) -> Result<(), FileFault> {
    let mut reader = Reader::from_reader(part);
    reader.config_mut().enable_all_checks(true);
    reader.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    let mut depth = 0usize;
    let mut roots = 0;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| broken())? {
            Event::Start(start) | Event::Empty(start) => {
                roots += usize::from(depth == 0);
                if start.len() > limits::TAG_BYTES || depth >= limits::DEPTH || roots > 1 {
                    return Err(broken());
                }
                // One of two attributes of the same name could be read here and the other by the next parser.
                for attribute in start.attributes() {
                    attribute.map_err(|_| broken())?;
                }
                visit(Node::Open(Tag {
                    start: &start,
                    depth,
                }))?;
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1).ok_or_else(broken)?;
                visit(Node::Close)?;
            }
            Event::Text(text) => {
                // No text of a workbook is longer than a cell's, which in XML escapes takes up to seven bytes a unit.
                if text.len() > limits::CELL_UNITS * 7 {
                    return Err(whole(
                        STRUCTURE,
                        "the workbook has a text of more than 32,767 characters: shorten it",
                    ));
                }
            }
            Event::GeneralRef(reference) => {
                let known = reference.is_char_ref()
                    || matches!(reference.as_ref(), "lt" | "gt" | "amp" | "quot" | "apos");
                if !known {
                    return Err(foreign());
                }
            }
            Event::Decl(declaration) => {
                let utf8 = declaration
                    .encoding()
                    .is_none_or(|name| name.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")));
                if !utf8 {
                    return Err(whole(
                        STRUCTURE,
                        "the workbook's XML is not in UTF-8: save it anew",
                    ));
                }
            }
            Event::DocType(_) | Event::PI(_) | Event::Comment(_) | Event::CData(_) => {
                return Err(foreign());
            }
            Event::Eof => break,
        }
    }
    if depth == 0 && roots == 1 {
        Ok(())
    } else {
        Err(broken())
    }
}
