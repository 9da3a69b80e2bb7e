//! One overlay: which elements become others, and the object with them in place.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use bytes::Bytes;
use codec::dataset::{CharacterSet, Layout, Limits, Place, layout};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::write::Encoding;
use super::{Error, MODIFYING_SYSTEM, Overlay, date_time, identifier, text};
use crate::corrections::attributes::correctable;
use crate::index::Identifier;

/// The data set that something is laid over.
struct Object<'a> {
    layout: &'a Layout<'a>,
    encoding: Encoding,
    charset: CharacterSet,
}

/// What elements become: bytes, or nothing.
type Exchanged = BTreeMap<Tag, Option<Vec<u8>>>;

/// Lays one overlay over an object; `None` where it changes nothing.
pub(super) fn one(bytes: &Bytes, overlay: &Overlay, limits: Limits) -> Result<Option<Bytes>, Error> {
    let layout = layout(bytes, limits)?;
    let object = Object {
        encoding: Encoding {
            is_explicit: layout.is_explicit,
            is_big_endian: layout.is_big_endian,
        },
        charset: text::stated(&layout, &layout.elements).unwrap_or_default(),
        layout: &layout,
    };
    let changes = object.changes(overlay);
    let known_as = object.known_as(overlay, &changes)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let exchanged = object.exchanged(overlay, &changes, known_as.as_ref())?;
    Ok(Some(object.with(bytes, exchanged)))
}

impl Object<'_> {
    fn element(&self, tag: Tag) -> Option<&Place> {
        self.layout.elements.iter().find(|element| element.tag == tag)
    }

    fn raw(&self, place: &Place) -> &[u8] {
        &self.layout.bytes[place.whole.clone()]
    }

    fn text_of(&self, place: &Place) -> String {
        let value = &self.layout.bytes[place.value.clone()];
        let text = self.charset.decode(value, place.representation() == Some(VR::PN));
        text.trim_matches([' ', '\0']).to_owned()
    }

    fn text(&self, tag: Tag) -> String {
        self.element(tag)
            .map_or_else(String::new, |place| self.text_of(place))
    }

    /// The changes that do change something.
    fn changes<'o>(&self, overlay: &'o Overlay) -> BTreeMap<Tag, &'o str> {
        let changes = overlay.changes.iter();
        changes
            .filter(|(tag, value)| self.text(**tag) != **value)
            .map(|(tag, value)| (*tag, value.as_str()))
            .collect()
    }

    /// The identifier that has to be kept beside the new one, where it is not kept already.
    fn known_as(
        &self,
        overlay: &Overlay,
        changes: &BTreeMap<Tag, &str>,
    ) -> Result<Option<Identifier>, Error> {
        let is_other =
            changes.contains_key(&tags::PATIENT_ID) || changes.contains_key(&tags::ISSUER_OF_PATIENT_ID);
        let old = identifier(|tag| self.text(tag));
        if !overlay.keeps_identifier || !is_other || old.id.is_empty() {
            return Ok(None);
        }
        let Some(sequence) = self.element(tags::OTHER_PATIENT_I_DS_SEQUENCE) else {
            return Ok(Some(old));
        };
        for item in self.layout.items(sequence)? {
            let elements = self.layout.elements_of(&item)?;
            let found = identifier(|tag| {
                let element = elements.iter().find(|element| element.tag == tag);
                element.map_or_else(String::new, |place| self.text_of(place))
            });
            if found == old {
                return Ok(None);
            }
        }
        Ok(Some(old))
    }

    /// What elements become, and the record of what they were.
    fn exchanged(
        &self,
        overlay: &Overlay,
        changes: &BTreeMap<Tag, &str>,
        known_as: Option<&Identifier>,
    ) -> Result<Exchanged, Error> {
        let mut texts: Vec<&str> = changes.values().copied().collect();
        texts.extend(
            known_as
                .iter()
                .flat_map(|known| [known.id.as_str(), known.issuer.as_str()]),
        );
        let is_kept = texts.iter().all(|text| self.charset.encode(text).is_some());
        let charset = if is_kept {
            self.charset.clone()
        } else {
            CharacterSet::of(&["ISO_IR 192"])
        };
        let encoded = |text: &str| charset.encode(text).unwrap_or_else(|| text.as_bytes().to_vec());
        let mut exchanged = Exchanged::new();
        let mut modified: BTreeSet<Tag> = changes.keys().copied().collect();
        if !is_kept {
            for element in &self.layout.elements {
                if let Some(new) = text::in_unicode(self.layout, element, &self.charset)? {
                    exchanged.insert(element.tag, Some(new));
                }
            }
            let unicode = self
                .encoding
                .element(tags::SPECIFIC_CHARACTER_SET, VR::CS, b"ISO_IR 192")?;
            exchanged.insert(tags::SPECIFIC_CHARACTER_SET, Some(unicode));
            modified.insert(tags::SPECIFIC_CHARACTER_SET);
        }
        for (tag, value) in changes {
            let vr = correctable(*tag).map_or(VR::LO, |row| row.vr);
            exchanged.insert(*tag, Some(self.encoding.element(*tag, vr, &encoded(value))?));
        }
        // Qualifiers of another issuer would say something wrong of the new one.
        let qualifiers = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
        if changes.contains_key(&tags::ISSUER_OF_PATIENT_ID) && self.element(qualifiers).is_some() {
            exchanged.insert(qualifiers, None);
            modified.insert(qualifiers);
        }
        if let Some(known) = known_as {
            let mut item = self
                .encoding
                .element(tags::PATIENT_ID, VR::LO, &encoded(&known.id))?;
            if !known.issuer.is_empty() {
                let issuer = encoded(&known.issuer);
                item.extend(
                    self.encoding
                        .element(tags::ISSUER_OF_PATIENT_ID, VR::LO, &issuer)?,
                );
            }
            item.extend(self.encoding.element(tags::TYPE_OF_PATIENT_ID, VR::CS, b"TEXT")?);
            let tag = tags::OTHER_PATIENT_I_DS_SEQUENCE;
            modified.insert(tag);
            self.append(&mut exchanged, tag, &self.encoding.item(&item)?)?;
        }
        let record = self.record(overlay, &modified)?;
        self.append(&mut exchanged, tags::ORIGINAL_ATTRIBUTES_SEQUENCE, &record)?;
        Ok(exchanged)
    }

    /// The item of Original Attributes Sequence: elements as they were, byte for byte. Where the character set became
    /// another, the old one stands among them and so rules the item.
    fn record(&self, overlay: &Overlay, modified: &BTreeSet<Tag>) -> Result<Vec<u8>, Error> {
        let mut before = Vec::new();
        for tag in modified {
            match self.element(*tag) {
                Some(place) => before.extend_from_slice(self.raw(place)),
                None => before.extend(self.encoding.element(*tag, vr_of(*tag), b"")?),
            }
        }
        let at = date_time(overlay.at_ns);
        let encoding = self.encoding;
        let mut item = encoding.element(
            tags::MODIFIED_ATTRIBUTES_SEQUENCE,
            VR::SQ,
            &encoding.item(&before)?,
        )?;
        item.extend(encoding.element(tags::ATTRIBUTE_MODIFICATION_DATE_TIME, VR::DT, at.as_bytes())?);
        item.extend(encoding.element(tags::MODIFYING_SYSTEM, VR::LO, MODIFYING_SYSTEM.as_bytes())?);
        item.extend(encoding.element(tags::SOURCE_OF_PREVIOUS_VALUES, VR::LO, b"")?);
        let reason = overlay.reason.term().as_bytes();
        item.extend(encoding.element(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, VR::CS, reason)?);
        encoding.item(&item)
    }

    /// Adds an item at the end of a sequence.
    fn append(&self, exchanged: &mut Exchanged, tag: Tag, item: &[u8]) -> Result<(), Error> {
        let Some(place) = self.element(tag) else {
            exchanged.insert(tag, Some(self.encoding.element(tag, VR::SQ, item)?));
            return Ok(());
        };
        if place.vr == Some(VR::UN) {
            return Err(Error::UnknownSequence(tag));
        }
        let old = match exchanged.get(&tag) {
            Some(Some(new)) => new.as_slice(),
            _ => self.raw(place),
        };
        let header = place.value.start - place.whole.start;
        let delimiter = place.whole.end - place.value.end;
        let mut value = old[header..old.len() - delimiter].to_vec();
        value.extend_from_slice(item);
        let length = (!place.is_delimited).then_some(value.len());
        let mut bytes = self.encoding.header(tag, place.vr, length)?;
        bytes.extend(value);
        bytes.extend_from_slice(&old[old.len() - delimiter..]);
        exchanged.insert(tag, Some(bytes));
        Ok(())
    }

    /// The file with its elements exchanged; what is new stands where its tag belongs.
    fn with(&self, file: &Bytes, mut exchanged: Exchanged) -> Bytes {
        let present: BTreeSet<Tag> = self.layout.elements.iter().map(|element| element.tag).collect();
        let mut added: Exchanged = BTreeMap::new();
        exchanged.retain(|tag, new| {
            if !present.contains(tag) {
                added.insert(*tag, new.take());
            }
            present.contains(tag)
        });
        let mut pieces: Vec<(Tag, Cow<'_, [u8]>)> = Vec::new();
        let mut grown: BTreeMap<u16, i64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for element in &self.layout.elements {
            while let Some(first) = added.first_entry().filter(|first| *first.key() < element.tag) {
                push(&mut pieces, &mut grown, first.remove_entry());
            }
            let old = self.raw(element);
            match exchanged.get(&element.tag) {
                None => pieces.push((element.tag, Cow::Borrowed(old))),
                Some(new) => {
                    // A second element with the tag would be the old value again.
                    let new = new.clone().filter(|_| seen.insert(element.tag));
                    *grown.entry(element.tag.0).or_default() -= old.len() as i64;
                    push(&mut pieces, &mut grown, (element.tag, new));
                }
            }
        }
        while let Some(first) = added.first_entry() {
            push(&mut pieces, &mut grown, first.remove_entry());
        }
        self.fix_lengths(&mut pieces, &grown);
        let body = pieces.iter().map(|(_, bytes)| bytes.as_ref());
        self.joined(file, body)
    }

    /// Group lengths, and the length to the end, of senders that still write them: by as much as was added.
    fn fix_lengths(&self, pieces: &mut [(Tag, Cow<'_, [u8]>)], grown: &BTreeMap<u16, i64>) {
        let all: i64 = grown.values().sum();
        for (tag, bytes) in pieces {
            let by = match *tag {
                Tag(0x0008, 0x0001) => all,
                Tag(group, 0) => grown.get(&group).copied().unwrap_or(0),
                _ => 0,
            };
            let value_at = bytes.len().saturating_sub(4);
            if let Some(old) = self.encoding.read_u32(&bytes[value_at..]).filter(|_| by != 0) {
                let new = (i64::from(old) + by).clamp(0, i64::from(u32::MAX)) as u32;
                bytes.to_mut()[value_at..].copy_from_slice(&self.encoding.u32(new));
            }
        }
    }

    fn joined<'b>(&'b self, file: &Bytes, body: impl Iterator<Item = &'b [u8]>) -> Bytes {
        let tail = &self.layout.bytes[self.layout.end..];
        let head = &file[..self.layout.data_set_at];
        if !self.layout.is_deflated {
            let mut out = Vec::with_capacity(file.len() + 1024);
            out.extend_from_slice(head);
            body.for_each(|piece| out.extend_from_slice(piece));
            out.extend_from_slice(tail);
            return out.into();
        }
        let mut encoder = DeflateEncoder::new(head.to_vec(), Compression::default());
        let written = body
            .chain([tail])
            .try_for_each(|piece| encoder.write_all(piece))
            .and_then(|()| encoder.finish());
        let mut out = written.expect("writing into memory cannot fail");
        // A deflated data set has an even length too (PS3.5 A.5).
        if (out.len() - head.len()) % 2 == 1 {
            out.push(0);
        }
        out.into()
    }
}

fn push<'a>(
    pieces: &mut Vec<(Tag, Cow<'a, [u8]>)>,
    grown: &mut BTreeMap<u16, i64>,
    (tag, new): (Tag, Option<Vec<u8>>),
) {
    if let Some(new) = new {
        *grown.entry(tag.0).or_default() += new.len() as i64;
        pieces.push((tag, Cow::Owned(new)));
    }
}

fn vr_of(tag: Tag) -> VR {
    match tag {
        tags::SPECIFIC_CHARACTER_SET => VR::CS,
        tags::OTHER_PATIENT_I_DS_SEQUENCE => VR::SQ,
        tag => correctable(tag).map_or(VR::LO, |row| row.vr),
    }
}
