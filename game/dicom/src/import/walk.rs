//! Walks the headers of a data set before it is read, so that no length in a damaged file asks for memory that the
//! file does not have, and a truncated file is named as such.

use super::parse::is_sequence;
use dicom_core::{Tag, VR};
use std::ops::Range;

#[derive(Clone, Copy)]
pub(super) struct Encoding {
    pub explicit: bool,
    pub big: bool,
}

/// Sequences inside sequences deeper than this are an attack, not a study.
const DEEPEST: usize = 24;
const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Checks that every length fits. Gives where private sequences of unknown form stand, which nobody needs and the
/// reader trips over. The error is a sentence without its subject.
pub(super) fn walk(bytes: &[u8], encoding: Encoding) -> Result<Vec<Range<usize>>, String> {
    let mut w = Walker { bytes, at: 0, encoding, inside_lengths: 0, private: Vec::new() };
    w.elements(bytes.len(), false, 0)?;
    Ok(w.private)
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
    /// How many sequences and items of stated length are open: nothing may be taken out of those.
    inside_lengths: usize,
    private: Vec<Range<usize>>,
}

impl Walker<'_> {
    fn u16(&mut self, end: usize) -> Result<u16, String> {
        let to = self.at + 2;
        if to > end {
            return Err(self.early(None));
        }
        let b = [self.bytes[self.at], self.bytes[self.at + 1]];
        self.at = to;
        Ok(if self.encoding.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    fn u32(&mut self, end: usize) -> Result<u32, String> {
        let (a, b) = (u32::from(self.u16(end)?), u32::from(self.u16(end)?));
        Ok(if self.encoding.big { a << 16 | b } else { b << 16 | a })
    }

    fn early(&self, tag: Option<Tag>) -> String {
        match tag {
            Some(t) => format!("ends early, in element {t} at byte {} of its data", self.at),
            None => format!("ends early, at byte {} of its data", self.at),
        }
    }

    fn elements(&mut self, end: usize, until_item_end: bool, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("holds sequences nested deeper than 24 levels: it is damaged".to_owned());
        }
        while self.at < end {
            let start = self.at;
            let tag = Tag(self.u16(end)?, self.u16(end)?);
            if tag == ITEM_END {
                self.u32(end)?;
                return if until_item_end {
                    Ok(())
                } else {
                    Err("has an item's end outside an item: it is damaged".to_owned())
                };
            }
            if tag == SEQUENCE_END || tag == ITEM {
                return Err("has a sequence's marks outside a sequence: it is damaged".to_owned());
            }
            let (vr, length) = self.header(end)?;
            let sequence = match vr {
                Some(v) => v == VR::SQ,
                None => is_sequence(tag),
            };
            if length == UNDEFINED {
                if tag == Tag(0x7FE0, 0x0010) {
                    self.items(end, true, false, depth + 1)?;
                } else if vr == Some(VR::UN) {
                    // Part 5, 6.2.2: an unknown of undefined length is a sequence in implicit VR little endian.
                    let outer = std::mem::replace(&mut self.encoding, Encoding { explicit: false, big: false });
                    let done = self.items(end, true, true, depth + 1);
                    self.encoding = outer;
                    done?;
                    if tag.group() % 2 == 1 && self.inside_lengths == 0 {
                        let at = self.at;
                        // The outermost one covers those inside it.
                        self.private.retain(|r| r.start < start);
                        self.private.push(start..at);
                    }
                } else {
                    self.items(end, true, true, depth + 1)?;
                }
                continue;
            }
            let to = self.at.checked_add(length as usize).filter(|t| *t <= end).ok_or_else(|| self.early(Some(tag)))?;
            if sequence {
                self.inside_lengths += 1;
                self.items(to, false, true, depth + 1)?;
                self.inside_lengths -= 1;
            }
            self.at = to;
        }
        if until_item_end { Err(self.early(None)) } else { Ok(()) }
    }

    fn header(&mut self, end: usize) -> Result<(Option<VR>, u32), String> {
        if !self.encoding.explicit {
            return Ok((None, self.u32(end)?));
        }
        let b = self.bytes.get(self.at..self.at + 2).filter(|_| self.at + 2 <= end).ok_or_else(|| self.early(None))?;
        let vr = VR::from_binary([b[0], b[1]]).unwrap_or(VR::UN);
        self.at += 2;
        let long = matches!(
            vr,
            VR::OB
                | VR::OD
                | VR::OF
                | VR::OL
                | VR::OV
                | VR::OW
                | VR::SQ
                | VR::SV
                | VR::UC
                | VR::UN
                | VR::UR
                | VR::UT
                | VR::UV
        );
        if long {
            self.u16(end)?;
            Ok((Some(vr), self.u32(end)?))
        } else {
            Ok((Some(vr), u32::from(self.u16(end)?)))
        }
    }

    /// Items up to `end`, or up to the sequence's end mark. `open`: items hold elements, not bytes.
    fn items(&mut self, end: usize, until_mark: bool, open: bool, depth: usize) -> Result<(), String> {
        while self.at < end {
            let tag = Tag(self.u16(end)?, self.u16(end)?);
            let length = self.u32(end)?;
            if tag == SEQUENCE_END {
                if until_mark {
                    return Ok(());
                }
                continue;
            }
            if tag != ITEM {
                return Err(format!("has {tag} where an item should begin: it is damaged"));
            }
            if length == UNDEFINED {
                if !open {
                    return Err("has a pixel fragment without a length: it is damaged".to_owned());
                }
                self.elements(end, true, depth + 1)?;
            } else {
                let to =
                    self.at.checked_add(length as usize).filter(|t| *t <= end).ok_or_else(|| self.early(Some(tag)))?;
                if open {
                    self.inside_lengths += 1;
                    self.elements(to, false, depth + 1)?;
                    self.inside_lengths -= 1;
                }
                self.at = to;
            }
        }
        if until_mark { Err(self.early(None)) } else { Ok(()) }
    }
}
