//! The Native DICOM Model in XML (PS3.19 A.1), written in one pass.
//!
//! Text is UTF-8, so Specific Character Set says ISO_IR 192 whatever it said before. Characters that XML 1.0 cannot hold
//! become U+FFFD. A private attribute is named by its creator, with the number of its block left out of its tag.

use std::io::{self, Write};

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::bulk::{is_binary, key, little_endian};
use super::json::is_single;
use super::signedness::{self, is_signed};
use super::{BulkData, base64};

const NAMESPACE: &str = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

/// What holds for a whole document.
struct Context<'a> {
    bulk: &'a BulkData<'a>,
    is_signed: bool,
}

/// Writes the data set as one XML document; group lengths are left out.
///
/// # Errors
///
/// Those of `to`.
pub fn write(object: &InMemDicomObject, bulk: &BulkData, to: &mut impl Write) -> io::Result<()> {
    let context = Context {
        bulk,
        is_signed: is_signed(object),
    };
    write!(
        to,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xmlns=\"{NAMESPACE}\" xml:space=\"preserve\">"
    )?;
    data_set(object, &context, "", bulk.left_out, to)?;
    to.write_all(b"</NativeDicomModel>\n")
}

fn data_set(
    object: &InMemDicomObject,
    context: &Context,
    path: &str,
    left_out: &[(Tag, VR)],
    to: &mut impl Write,
) -> io::Result<()> {
    let mut left_out = left_out.iter().peekable();
    for element in object.iter() {
        let tag = element.header().tag;
        while let Some((absent, vr)) = left_out.next_if(|(absent, _)| *absent < tag) {
            elsewhere(object, *absent, *vr, context, path, to)?;
        }
        // What is there needs no address.
        let _ = left_out.next_if(|(absent, _)| *absent == tag);
        if tag.1 == 0 {
            continue;
        }
        let signed = if context.is_signed {
            signedness::signed(element)
        } else {
            None
        };
        attribute(object, signed.as_ref().unwrap_or(element), context, path, to)?;
    }
    for (absent, vr) in left_out {
        elsewhere(object, *absent, *vr, context, path, to)?;
    }
    Ok(())
}

/// The opening of an attribute, with what names it.
fn open(object: &InMemDicomObject, tag: Tag, vr: VR, to: &mut impl Write) -> io::Result<()> {
    let creator = (tag.0 % 2 == 1 && tag.1 >= 0x1000)
        .then(|| object.get(Tag(tag.0, tag.1 >> 8)))
        .flatten();
    let creator = creator.and_then(|creator| creator.to_str().ok());
    let shown = if creator.is_some() {
        Tag(tag.0, tag.1 & 0x00FF)
    } else {
        tag
    };
    write!(to, "<DicomAttribute tag=\"{}\" vr=\"{vr}\"", key(shown))?;
    if let Some(creator) = creator {
        write!(to, " privateCreator=\"{}\"", escaped(creator.trim()))?;
    } else if let Some(entry) = StandardDataDictionary
        .by_tag(tag)
        .filter(|_| tag.0.is_multiple_of(2))
    {
        write!(to, " keyword=\"{}\"", escaped(entry.alias()))?;
    }
    to.write_all(b">")
}

const CLOSE: &[u8] = b"</DicomAttribute>";

fn elsewhere(
    object: &InMemDicomObject,
    tag: Tag,
    vr: VR,
    context: &Context,
    path: &str,
    to: &mut impl Write,
) -> io::Result<()> {
    open(object, tag, vr, to)?;
    let uri = (context.bulk.uri)(&format!("{path}{}", key(tag)));
    write!(to, "<BulkData uri=\"{}\"/>", escaped(&uri))?;
    to.write_all(CLOSE)
}

fn attribute(
    object: &InMemDicomObject,
    element: &InMemElement,
    context: &Context,
    path: &str,
    to: &mut impl Write,
) -> io::Result<()> {
    let (tag, vr) = (element.header().tag, element.vr());
    if let Some(items) = element.items() {
        open(object, tag, VR::SQ, to)?;
        for (at, item) in items.iter().enumerate() {
            write!(to, "<Item number=\"{}\">", at + 1)?;
            data_set(item, context, &format!("{path}{}/{at}/", key(tag)), &[], to)?;
            to.write_all(b"</Item>")?;
        }
        return to.write_all(CLOSE);
    }
    let value = element.value().primitive().filter(|value| {
        !is_binary(vr) && vr != VR::SQ || value.calculate_byte_len() <= context.bulk.inline_bytes
    });
    let Some(value) = value else {
        return elsewhere(object, tag, vr, context, path, to);
    };
    // A sequence whose items could not be told is bytes.
    let vr = if vr == VR::SQ { VR::UN } else { vr };
    open(object, tag, vr, to)?;
    match value {
        _ if value.calculate_byte_len() == 0 => {}
        _ if is_binary(vr) => write!(
            to,
            "<InlineBinary>{}</InlineBinary>",
            base64::encode(&little_endian(value))
        )?,
        _ if tag == tags::SPECIFIC_CHARACTER_SET => {
            to.write_all(b"<Value number=\"1\">ISO_IR 192</Value>")?
        }
        _ => values(vr, value, to)?,
    }
    to.write_all(CLOSE)
}

fn values(vr: VR, value: &PrimitiveValue, to: &mut impl Write) -> io::Result<()> {
    let parts: Vec<String> = match value {
        PrimitiveValue::Tags(tags) => tags.iter().map(|tag| key(*tag)).collect(),
        PrimitiveValue::F32(numbers) => numbers.iter().map(|number| format!("{number:?}")).collect(),
        PrimitiveValue::F64(numbers) => numbers.iter().map(|number| format!("{number:?}")).collect(),
        other if is_single(vr) => vec![other.to_str().into_owned()],
        other => other
            .to_str()
            .split('\\')
            .map(|part| part.trim_matches([' ', '\0']).to_owned())
            .collect(),
    };
    // An empty value among others has no element; the numbers tell its place.
    for (at, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        if vr == VR::PN {
            name(part, at + 1, to)?;
        } else {
            write!(to, "<Value number=\"{}\">{}</Value>", at + 1, escaped(part))?;
        }
    }
    Ok(())
}

/// A name in its groups and parts (PS3.19 table A.1.5-2).
fn name(text: &str, number: usize, to: &mut impl Write) -> io::Result<()> {
    const PARTS: [&str; 5] = [
        "FamilyName",
        "GivenName",
        "MiddleName",
        "NamePrefix",
        "NameSuffix",
    ];
    write!(to, "<PersonName number=\"{number}\">")?;
    let groups = ["Alphabetic", "Ideographic", "Phonetic"]
        .into_iter()
        .zip(text.splitn(3, '='));
    for (group, text) in groups.filter(|(_, text)| !text.is_empty()) {
        write!(to, "<{group}>")?;
        for (part, text) in PARTS
            .into_iter()
            .zip(text.splitn(5, '^'))
            .filter(|(_, text)| !text.is_empty())
        {
            write!(to, "<{part}>{}</{part}>", escaped(text))?;
        }
        write!(to, "</{group}>")?;
    }
    to.write_all(b"</PersonName>")
}

/// Text that may stand in content and in attributes (XML 1.0 section 2.2 and 2.4).
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // A reader would make a line break of a bare carriage return.
            '\r' => safe.push_str("&#13;"),
            '\t' | '\n' => safe.push(character),
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => safe.push(char::REPLACEMENT_CHARACTER),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use dicom_core::header::Length;
    use dicom_core::value::{DataSetSequence, Value};
    use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    use super::{BulkData, NAMESPACE, write};

    fn check(elements: Vec<DataElement<InMemDicomObject>>, left_out: &[(Tag, VR)], expected: &str) {
        let object = InMemDicomObject::from_element_iter(elements);
        let bulk = BulkData {
            inline_bytes: 4,
            uri: &|path| format!("b/{path}?a&b"),
            left_out,
        };
        let mut bytes = Vec::new();
        write(&object, &bulk, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (_, body) = text.split_once("xml:space=\"preserve\">").unwrap();
        assert!(text.contains(NAMESPACE));
        assert_eq!(body, format!("{expected}</NativeDicomModel>\n"));
    }

    fn text(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
        DataElement::new(tag, vr, PrimitiveValue::from(value))
    }

    #[test]
    fn values_names_and_private_attributes() {
        check(
            vec![
                text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\\\AXIAL"),
                text(tags::ACCESSION_NUMBER, VR::SH, ""),
                text(tags::SERIES_DESCRIPTION, VR::LO, "a<b & \"c\"\u{1}"),
                text(tags::PATIENT_NAME, VR::PN, "Wang^Xiao==w"),
                text(Tag(0x0009, 0x0010), VR::LO, "MINE"),
                text(Tag(0x0009, 0x10AB), VR::LO, "x"),
            ],
            &[],
            "<DicomAttribute tag=\"00080008\" vr=\"CS\" keyword=\"ImageType\"><Value number=\"1\">ORIGINAL</Value>\
             <Value number=\"3\">AXIAL</Value></DicomAttribute>\
             <DicomAttribute tag=\"00080050\" vr=\"SH\" keyword=\"AccessionNumber\"></DicomAttribute>\
             <DicomAttribute tag=\"0008103E\" vr=\"LO\" keyword=\"SeriesDescription\"><Value number=\"1\">a&lt;b &amp; &quot;c&quot;\u{FFFD}</Value></DicomAttribute>\
             <DicomAttribute tag=\"00090010\" vr=\"LO\"><Value number=\"1\">MINE</Value></DicomAttribute>\
             <DicomAttribute tag=\"000900AB\" vr=\"LO\" privateCreator=\"MINE\"><Value number=\"1\">x</Value></DicomAttribute>\
             <DicomAttribute tag=\"00100010\" vr=\"PN\" keyword=\"PatientName\"><PersonName number=\"1\"><Alphabetic><FamilyName>Wang</FamilyName>\
             <GivenName>Xiao</GivenName></Alphabetic><Phonetic><FamilyName>w</FamilyName></Phonetic></PersonName></DicomAttribute>",
        );
    }

    #[test]
    fn items_and_bytes() {
        let bytes = |n: u8| PrimitiveValue::U8((0..n).collect());
        let item =
            InMemDicomObject::from_element_iter([DataElement::new(Tag(0x0028, 0x3006), VR::OB, bytes(5))]);
        let sequence = DataSetSequence::new(vec![item], Length::UNDEFINED);
        check(
            vec![
                DataElement::new(Tag(0x0028, 0x2000), VR::OB, bytes(3)),
                DataElement::new(Tag(0x0028, 0x3010), VR::SQ, Value::from(sequence)),
            ],
            &[(tags::PIXEL_DATA, VR::OW)],
            "<DicomAttribute tag=\"00282000\" vr=\"OB\" keyword=\"ICCProfile\"><InlineBinary>AAEC</InlineBinary></DicomAttribute>\
             <DicomAttribute tag=\"00283010\" vr=\"SQ\" keyword=\"VOILUTSequence\"><Item number=\"1\">\
             <DicomAttribute tag=\"00283006\" vr=\"OB\" keyword=\"LUTData\"><BulkData uri=\"b/00283010/0/00283006?a&amp;b\"/></DicomAttribute>\
             </Item></DicomAttribute>\
             <DicomAttribute tag=\"7FE00010\" vr=\"OW\" keyword=\"PixelData\"><BulkData uri=\"b/7FE00010?a&amp;b\"/></DicomAttribute>",
        );
    }
}
