//! What is said of network services.

use codec::TransferSyntax;
use dicom_dictionary_std::uids;
use dimse::client::print::{FILM_SIZES, MOST_PLACES};
use dimse::negotiation::Implementation;
use dimse::{CharacterSet, Config, Limits, Status, Timeouts};

use super::table;
use crate::orders::State;
use crate::services::commitment::{CLASS_CONFLICT, NO_SUCH_INSTANCE, PROCESSING_FAILURE};
use crate::services::{applications::Application, supported};
use crate::transcode;

/// The standard's names (PS3.6 Annex A) of the classes that are not storage.
const NAMES: &[(&str, &str)] = &[
    (uids::VERIFICATION, "Verification"),
    (
        uids::STORAGE_COMMITMENT_PUSH_MODEL,
        "Storage Commitment Push Model",
    ),
    (
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        "Patient Root Query/Retrieve - FIND",
    ),
    (
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        "Patient Root Query/Retrieve - MOVE",
    ),
    (
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
        "Patient Root Query/Retrieve - GET",
    ),
    (
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        "Study Root Query/Retrieve - FIND",
    ),
    (
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        "Study Root Query/Retrieve - MOVE",
    ),
    (
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
        "Study Root Query/Retrieve - GET",
    ),
    (
        uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
        "Modality Worklist - FIND",
    ),
    (
        uids::MODALITY_PERFORMED_PROCEDURE_STEP,
        "Modality Performed Procedure Step",
    ),
    (
        uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
        "Modality Performed Procedure Step Retrieve",
    ),
    (
        uids::BASIC_GRAYSCALE_PRINT_MANAGEMENT_META,
        "Basic Grayscale Print Management Meta",
    ),
    (
        uids::BASIC_COLOR_PRINT_MANAGEMENT_META,
        "Basic Color Print Management Meta",
    ),
];

fn name_of(uid: &str) -> String {
    let found = NAMES.iter().find(|(own, _)| *own == uid);
    found.map_or(uid, |(_, name)| name).to_owned()
}

pub(super) fn entity() -> String {
    let own = Implementation::default();
    let usual = Application::new("");
    format!(
        "Implementation Class UID `{}`; Implementation Version Name `UPTAKE_` with the program's version.\n\n\
         One application entity answers every service below; its title is configured (`UPTAKE`). Which applications may \
         associate, from which addresses, with how many associations at once ({} where nothing else is said) and for \
         which services, is a list that changes while the program runs. TLS is possible in both directions.\n",
        own.class_uid, usual.associations
    )
}

pub(super) fn provided() -> String {
    let supported = supported();
    let rows = supported.classes().map(|(uid, syntaxes)| {
        let names = syntaxes.iter().map(|uid| syntax_name(uid));
        vec![
            name_of(uid),
            format!("`{uid}`"),
            names.collect::<Vec<_>>().join(", "),
        ]
    });
    let mut text = table(&["SOP class", "UID", "Transfer syntaxes"], rows);
    text += "\nStorage as provider: every SOP class below `1.2.840.10008.5.1.4.1.1.` and the storage classes that stand \
             elsewhere, also those that the standard adds later, and private SOP classes; in the transfer syntaxes of the \
             next table. Objects are kept as the bytes that came.\n";
    text
}

pub(super) fn used() -> String {
    let classes = [
        uids::VERIFICATION,
        uids::STORAGE_COMMITMENT_PUSH_MODEL,
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
        uids::BASIC_GRAYSCALE_PRINT_MANAGEMENT_META,
        uids::BASIC_COLOR_PRINT_MANAGEMENT_META,
    ];
    let rows = classes.map(|uid| vec![name_of(uid), format!("`{uid}`")]);
    let (columns, rows_of_places) = MOST_PLACES;
    table(&["SOP class", "UID"], rows)
        + &format!(
            "\nStorage as user: every class that is stored, for C-MOVE and routing. A report of storage commitment that \
             cannot go out on the association of its request goes out on another, with the role of provider proposed.\n\n\
             Films have `STANDARD\\C,R` formats from 1,1 to {columns},{rows_of_places}, 8 and 12 bit grey or 8 bit RGB, in \
             true size by Requested Image Size; sizes {}.\n",
            FILM_SIZES.join(", ")
        )
}

/// The standard's names (PS3.6 Annex A) of transfer syntaxes that are kept and not decoded.
const KEPT: &[(&str, &str)] = &[
    (
        uids::JPEG2000MC_LOSSLESS,
        "JPEG 2000 Part 2 Multi-component Lossless",
    ),
    (uids::JPEG2000MC, "JPEG 2000 Part 2 Multi-component"),
    (uids::MPEG2MPML, "MPEG2 Main Profile / Main Level"),
    (uids::MPEG2MPHL, "MPEG2 Main Profile / High Level"),
    (uids::MPEG4HP41, "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    (
        uids::MPEG4HP41BD,
        "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    ),
    (
        uids::MPEG4HP422D,
        "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    ),
    (
        uids::MPEG4HP423D,
        "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    ),
    (
        uids::MPEG4HP42STEREO,
        "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    ),
    (uids::HEVCMP51, "HEVC/H.265 Main Profile / Level 5.1"),
    (uids::HEVCM10P51, "HEVC/H.265 Main 10 Profile / Level 5.1"),
    (uids::JPEGXL_LOSSLESS, "JPEG XL Lossless"),
    (uids::JPEGXLJPEG_RECOMPRESSION, "JPEG XL JPEG Recompression"),
    (uids::JPEGXL, "JPEG XL"),
    (uids::MPEG2MPMLF, "Fragmentable MPEG2 Main Profile / Main Level"),
    (uids::MPEG2MPHLF, "Fragmentable MPEG2 Main Profile / High Level"),
    (
        uids::MPEG4HP41F,
        "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1",
    ),
    (
        uids::MPEG4HP41BDF,
        "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    ),
    (
        uids::MPEG4HP422DF,
        "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    ),
    (
        uids::MPEG4HP423DF,
        "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    ),
    (
        uids::MPEG4HP42STEREOF,
        "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    ),
];

pub(super) fn syntax_name(uid: &str) -> String {
    let kept = KEPT.iter().find(|(own, _)| *own == uid);
    let decoded = TransferSyntax::from_uid(uid).map(TransferSyntax::name);
    decoded.or(kept.map(|(_, name)| *name)).unwrap_or(uid).to_owned()
}

pub(super) fn transfer_syntaxes() -> String {
    let supported = supported();
    let rows = supported.storage_syntaxes().iter().map(|uid| {
        let is_given = transcode::is_possible(uid, "1.2.840.10008.1.2.1");
        let given = if is_given {
            "as stored; uncompressed"
        } else {
            "as stored"
        };
        vec![syntax_name(uid), format!("`{uid}`"), given.to_owned()]
    });
    let text = table(&["Transfer syntax", "UID", "Retrieved"], rows);
    text + "\nOf the transfer syntaxes that a peer proposes its first that is known here is accepted. Retrieved objects leave \
            in the transfer syntax they are stored in; where the peer takes only Explicit or Implicit VR Little Endian they \
            are decompressed, and compared with the source before they leave. Nothing is compressed with loss.\n"
}

pub(super) fn negotiation() -> String {
    let extended = supported();
    let rows = extended
        .classes()
        .map(|(uid, _)| (uid, extended.extended_of(uid)))
        .filter(|(_, honoured)| !honoured.is_empty())
        .map(|(uid, honoured)| vec![name_of(uid), format!("`{honoured:02X?}`")]);
    let outstanding = Limits::default().outstanding;
    format!(
        "- Asynchronous operations: on an association for storing alone, with verification, up to {outstanding} C-STOREs may be on their way \
     before the first is answered; answers come as objects are safe, in any order. On others one operation at a time, answered as `1,1`. \
     None is invoked asynchronously.\n\
     - Roles: the requestor may be provider of storage classes (C-GET).\n\
     - User identity: read, and acknowledged where that is asked for.\n\
     - SOP Class Common Extended Negotiation: tolerated.\n\
     - SOP Class Extended Negotiation: what both sides say is agreed on.\n\n"
    ) + &table(
        &[
            "SOP class",
            "Honoured (first byte: relational queries; third: fuzzy semantic matching of person names)",
        ],
        rows,
    )
}

pub(super) fn limits() -> String {
    let (limits, timeouts) = (Limits::default(), Timeouts::default());
    let config = Config::new("", dimse::server::AllowList::default(), supported());
    let rows = [
        (
            "Maximum PDU length received",
            format!("{} bytes", limits.pdu_bytes),
        ),
        (
            "Associations at once, of all peers",
            config.associations.to_string(),
        ),
        (
            "Connections of one address without an association",
            config.half_open_per_address.to_string(),
        ),
        (
            "Presentation contexts of one association",
            limits.contexts.to_string(),
        ),
        ("Data set of C-STORE", format!("{} bytes", limits.store_bytes)),
        (
            "Identifiers and attributes of N-services",
            format!("{} bytes", limits.identifier_bytes),
        ),
        (
            "Association request (ARTIM)",
            format!("{} s", timeouts.association.as_secs()),
        ),
        ("Between two messages", format!("{} s", timeouts.idle.as_secs())),
        (
            "Rest of a PDU or message",
            format!("{} s", timeouts.pdu.as_secs()),
        ),
        ("Answer of a peer", format!("{} s", timeouts.response.as_secs())),
    ];
    table(
        &["What", "At most"],
        rows.map(|(what, most)| vec![what.to_owned(), most]),
    )
}

pub(super) fn performed() -> String {
    let words: Vec<_> = State::ALL.iter().map(|(_, word)| format!("`{word}`")).collect();
    format!(
        "N-CREATE, N-SET and N-GET. A step begins as `IN PROGRESS`; once `COMPLETED` or `DISCONTINUED` it is not changed \
         (0x0110). Scheduled Step Attributes move the orders they name; steps that were never scheduled are kept too. \
         Orders are {}.\n",
        words.join(", ")
    )
}

pub(super) fn commitment() -> String {
    format!(
        "Push model. Each instance is looked up and its bytes are read and compared with their hash before it is committed to. \
         Requests outlive a restart. The report goes out on the association of the request, or later on one of our own. \
         Failure Reasons: 0x{NO_SUCH_INSTANCE:04X} not here, 0x{CLASS_CONFLICT:04X} another SOP class, \
         0x{PROCESSING_FAILURE:04X} its bytes are damaged.\n"
    )
}

pub(super) fn statuses() -> String {
    let rows: [(&str, Status, &str); 25] = [
        ("C-STORE", Status::SUCCESS, "durable on disk and in the index"),
        (
            "C-STORE",
            Status::OUT_OF_RESOURCES,
            "the disk is full, the store does not answer, or the object is larger than is taken",
        ),
        (
            "C-STORE",
            Status::CLASS_MISMATCH,
            "an identifying attribute is missing, no UID, or not the one announced",
        ),
        (
            "C-STORE",
            Status::CANNOT_UNDERSTAND,
            "the data set cannot be read or is cut short",
        ),
        (
            "C-STORE",
            Status::NOT_AUTHORIZED,
            "another organisation keeps the study, or an object with this UID",
        ),
        ("C-FIND", Status::PENDING, "a match"),
        (
            "C-FIND",
            Status::PENDING_KEYS_UNSUPPORTED,
            "a match; a key with a value was not matched on",
        ),
        (
            "C-FIND, C-MOVE, C-GET",
            Status::CLASS_MISMATCH,
            "the identifier is not of its query model",
        ),
        ("C-FIND, C-MOVE, C-GET", Status::CANCEL, "ended by C-CANCEL"),
        (
            "C-FIND, C-MOVE, C-GET",
            Status::CANNOT_UNDERSTAND,
            "the archive cannot search now",
        ),
        (
            "C-MOVE",
            Status::DESTINATION_UNKNOWN,
            "the destination is not in the list, or has no address",
        ),
        (
            "C-MOVE, C-GET",
            Status::SUCCESS,
            "all sub-operations done; also of none",
        ),
        ("C-MOVE, C-GET", Status::SOME_FAILED, "some failed"),
        ("C-MOVE, C-GET", Status::CANNOT_PERFORM, "all failed"),
        (
            "N-CREATE",
            Status::DUPLICATE_INSTANCE,
            "there is a step with this UID",
        ),
        (
            "N-CREATE, N-SET",
            Status::MISSING_ATTRIBUTE,
            "a required attribute is missing",
        ),
        (
            "N-CREATE, N-SET",
            Status(0x0121),
            "a required attribute has no value",
        ),
        (
            "N-CREATE, N-SET",
            Status::INVALID_ATTRIBUTE,
            "a status that is none, or none to begin with",
        ),
        (
            "N-SET",
            Status::PROCESSING_FAILURE,
            "the step may no longer be updated",
        ),
        (
            "N-SET",
            Status(0x0107),
            "done, but for attributes that may not change",
        ),
        (
            "N-SET, N-GET, N-ACTION",
            Status::NO_SUCH_INSTANCE,
            "no such instance",
        ),
        ("N-ACTION", Status::NO_SUCH_ACTION, "no such action"),
        (
            "N-ACTION",
            Status::INVALID_ARGUMENT,
            "no Transaction UID, or nothing referenced",
        ),
        (
            "every service",
            Status::NOT_AUTHORIZED,
            "the list does not allow it to this application",
        ),
        (
            "C-FIND, C-MOVE, C-GET",
            Status::PROCESSING_FAILURE,
            "the archive cannot tell now what the application may, or not record that it looked",
        ),
    ];
    let rows = rows.map(|(service, status, meaning)| {
        vec![service.to_owned(), format!("`{status}`"), meaning.to_owned()]
    });
    table(&["Service", "Status", "Meaning"], rows)
}

pub(super) fn character_sets() -> String {
    let rows = CharacterSet::ALL.map(|(_, term)| vec![format!("`{}`", term.replace('\\', "\\\\"))]);
    "Every character set of PS3.3 C.12.1.1.2 is read, in objects and in queries. Answers are in ISO_IR 192, or in the set \
     that the list has for an application:\n\n"
        .to_owned()
        + &table(&["Specific Character Set of answers"], rows)
}
