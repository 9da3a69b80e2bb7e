//! What is said of files on discs and in zips (PS3.10, PS3.11, PS3.12), and of what is not done at all.

use std::collections::BTreeMap;

use super::table;
use crate::identity::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use crate::media::dicomdir::records::{PRIVATE, classes};
use crate::media::{tree, unpack};

pub(super) fn written() -> String {
    let mut of_record: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (uid, record) in classes() {
        let what = if uid.ends_with('.') {
            format!("`{uid}*`")
        } else {
            format!("`{uid}`")
        };
        of_record.entry(record).or_default().push(what);
    }
    let rows = of_record
        .into_iter()
        .map(|(record, classes)| vec![record.to_owned(), classes.join(", ")]);
    format!(
        "Role: File-set Creator. A study, or some of its series, leave as a file-set in a zip \
         (`GET /archive/studies/{{study}}/zip?dicomdir=true`), as the image of a disc (`.../iso`), or in an empty folder (command \
         line). File Meta Information of the DICOMDIR: Implementation Class UID `{IMPLEMENTATION_CLASS_UID}`, Implementation \
         Version Name `{IMPLEMENTATION_VERSION_NAME}`; that of objects stays as it is stored.\n\n\
         - File-IDs are `DICOM/ST000001/SE000001/IM000001` and so on; names on the disc are of level 1 of ISO 9660, with Joliet \
         beside them. A file beyond 4 GiB lies in several extents (level 3). At most {} files.\n\
         - Objects have their corrections, and are in Explicit VR Little Endian: compressed ones are decompressed, other encodings \
         converted, and each is compared with its source before it leaves. On request (`as_received=true`, `--as-received`) they are \
         in the transfer syntax they were received in. Bytes are verified before they leave.\n\
         - The DICOMDIR is in Explicit VR Little Endian, its text in ISO_IR 192. Numbers that only tell records apart are counted \
         up where objects have none; other values of Type 1 stay empty where objects have none. Icon images are not made.\n\n\
         Application profiles: the image of a disc follows STD-GEN-CD (PS3.11 D) where every object of the selection can be \
         given in Explicit VR Little Endian, has what its record must have (a Patient ID, a Study Date and Time, ...) and is of a \
         class with a record of its own; nothing is refused or filled in to get there. An object that cannot be decoded here \
         (movies above all), is larger than {} bytes and not in Explicit VR Little Endian, or was asked for as received, is in the \
         transfer syntax that its record names, and the medium then is outside of that profile. Profiles for DVD, BD and USB are not claimed (the image has no UDF), nor Secure \
         ones (PS3.15).\n\n\
         Records are PATIENT, STUDY, SERIES, and below:\n\n{}\n\
         IMAGE is of every other class of the standard with Rows, {PRIVATE} of what is left, with Private Record UID the class.\n\n\
         A zip can be without a DICOMDIR, with counters or with words as names, stored or deflated. A zip and the image of a disc \
         can be of de-identified objects (`?deidentify=true`): the DICOMDIR is theirs, and objects that may not leave are listed in \
         `LEFTOUT.TXT`.\n",
        tree::MAX_FILES,
        tree::MAX_MADE_BYTES,
        table(&["Record", "SOP classes"], rows),
    )
}

pub(super) fn read() -> String {
    let limits = unpack::Limits::default();
    let rows = [
        ("Files of a zip", limits.entries.to_string()),
        ("One file, unpacked", format!("{} bytes", limits.entry_bytes)),
        ("All files, unpacked", format!("{} bytes", limits.total_bytes)),
        (
            "Unpacked for each byte of the zip",
            format!("{} bytes", limits.ratio),
        ),
        ("Name of a file", format!("{} bytes", limits.name_bytes)),
    ];
    let rows = rows.map(|(what, most)| vec![what.to_owned(), most]);
    "Role: File-set Reader, by its files: folders, discs and zips are searched for DICOM files, whatever they are called and \
     whatever the DICOMDIR lists, which itself is not read. No File-set is changed (no File-set Updater). Encrypted files, links, \
     zips within zips, and compression other than deflate are left out and reported; a zip with a name that leads elsewhere is \
     refused.\n\n"
        .to_owned()
        + &table(&["Zip", "At most"], rows)
}

pub(super) fn absent() -> String {
    "- Fuzzy matching of names other than the patient's, and matching by time zone.\n\
     - Unified Procedure Step (UPS-RS and DIMSE), Instance Availability and Performed Procedure Step Notification, Storage Commitment over HTTP, Non-Patient \
     Instances as a service, Hanging Protocol, Color Palette and Defined Procedure Protocol query and retrieve, Relevant Patient \
     Information, Composite Instance Root Retrieve, Substance Administration.\n\
     - Printing as a provider.\n\
     - Extended Negotiation beyond relational queries and fuzzy matching: date and time matched together, time zone, enhanced \
     multi-frame conversion, empty value matching (lists of values are matched without negotiation).\n\
     - Rendered pictures and thumbnails by the program (a host can bring a renderer); presentation states in them; MPR and \
     volume rendering (PS3.18 10.4.1.3).\n\
     - The capabilities description of PS3.18 8.9, deleting by DICOMweb, HTTP/2.\n\
     - The transfer syntaxes of pixels that lie elsewhere (JPIP, SMPTE ST 2110).\n\
     - Audit messages of PS3.15 A.5 over syslog: events are kept in the archive's own log.\n"
        .to_owned()
}
