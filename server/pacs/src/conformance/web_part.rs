//! What is said of DICOM over HTTP (PS3.18).

use codec::TransferSyntax;

use super::{dimse_part, keys, offers, table};
use crate::dicomweb::stow::{self, report};
use crate::dicomweb::wado::{find, frames, instances, metadata, render, uri};
use crate::dicomweb::{cors, parameters, qido};
use crate::http::{self, Error};
use crate::index::{INLINE_BYTES, MAX_ROWS, keys_in_items};
use crate::{ingest, services, transcode};

/// Method, address and what is there. Each is asked for in a test.
const RESOURCES: &[(&str, &str, &str)] = &[
    ("GET", "/dicom-web/studies", "QIDO-RS: search for studies"),
    ("GET", "/dicom-web/series", "QIDO-RS: search for series"),
    ("GET", "/dicom-web/instances", "QIDO-RS: search for instances"),
    (
        "GET",
        "/dicom-web/studies/{study}/series",
        "QIDO-RS: series of a study",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/instances",
        "QIDO-RS: instances of a study",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/series/{series}/instances",
        "QIDO-RS: instances of a series",
    ),
    ("GET", "/dicom-web/studies/{study}", "WADO-RS: a study's objects"),
    (
        "GET",
        "/dicom-web/studies/{study}/series/{series}",
        "WADO-RS: a series' objects",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/series/{series}/instances/{instance}",
        "WADO-RS: an object",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/metadata",
        "WADO-RS: metadata; also of a series and of an instance",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
        "WADO-RS: frames, counted from 1, with commas between them",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}",
        "WADO-RS: a value by its tag; within items `SEQUENCE/ITEM/TAG`, items counted from 0",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/rendered",
        "WADO-RS: a picture; also of a series, an instance and a frame; see below",
    ),
    (
        "GET",
        "/dicom-web/studies/{study}/thumbnail",
        "WADO-RS: a small picture; also of a series, an instance and a frame; see below",
    ),
    ("GET", "/wado", "WADO-URI"),
    ("POST", "/dicom-web/studies", "STOW-RS"),
    (
        "POST",
        "/dicom-web/studies/{study}",
        "STOW-RS: of this study only",
    ),
];

pub(super) fn resources() -> String {
    let rows = RESOURCES
        .iter()
        .map(|(method, path, what)| vec![format!("{method} `{path}`"), (*what).to_owned()]);
    let asked = cors::asked().map(|name| format!("`{name}`")).join(", ");
    let shown = cors::shown().map(|name| format!("`{name}`")).join(", ");
    let methods = cors::METHODS.map(|method| method.to_string()).join(", ");
    "HTTP/1.1, over TLS where certificates are configured. GET resources answer HEAD too. The service's address in answers is \
     that of the request.\n\n"
        .to_owned()
        + &table(&["Request", "What is there"], rows)
        + &format!(
            "\n- Authentication: `Authorization: Bearer` with a token (RFC 6750) from a file of the hashes of tokens, each with \
             what it may do (searching, looking at images, and taking objects away as files are rights of their own), or with an access token of the site (OAuth 2.0, `docs/programs.md`); without a token an archive that was opened answers this machine only. Other schemes are not \
             taken; `{}` has `WWW-Authenticate: Bearer`.\n\
             - Where studies belong to organisations, a study of another's is answered as one that is not there.\n\
             - Other origins (CORS): none may read answers but those configured, without cookies. Methods {methods}; headers of \
             requests {asked}; readable of answers {shown}.\n\
             - Character set: data sets are in UTF-8 (Specific Character Set `ISO_IR 192`), XML and JSON too, whatever `charset` \
             or Accept-Charset ask for. Objects keep theirs.\n\
             - The query parameter `accept` comes before the header. Without either anything is accepted.\n\
             - Search results and metadata are compressed for who accepts it (Accept-Encoding); pixels are not.\n",
            Error::Unauthenticated.status().as_u16(),
        )
}

pub(super) fn search() -> String {
    let answered = qido::answered().map(|(level, tags)| {
        let mut names: Vec<String> = Vec::new();
        for name in tags.into_iter().map(keys::name_of) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        vec![format!("{level:?}"), names.join(", ")]
    });
    let items = keys_in_items().map(|(path, kind)| {
        let names: Vec<String> = path.into_iter().map(keys::name_of).collect();
        vec![format!("`{}`", names.join(".")), keys::matching(kind).to_owned()]
    });
    format!(
        "Answers are {}. What is searched for:\n\n{}\n\
         With `includefield=all` all that *Query keys* has of the level and of those above, SOP Classes in Study of studies and \
         Radiopharmaceutical Information Sequence of series; with `includefield` of a keyword or tag that attribute: \
         of instances any that their metadata have, of others if it is held. Instance Availability is always `ONLINE`.\n\n\
         Matching is that of *Query keys*, by keyword or by tag of eight digits; attributes of levels above and below too; ModalitiesInStudy; lists \
         of UIDs and of codes (CS) with commas or backslashes, others with backslashes. Within items, what is asked of one sequence is asked of one item:\n\n{}\n\
         - What is not known or not matched on is refused ({}), never passed over, and so is an attribute that is given twice.\n\
         - `limit` and `offset`; at most {MAX_ROWS} results an answer. Where there are more, the answer has a Warning 299 and a \
         Link to the next page (`rel=\"next\"`, RFC 8288), whose parameter `after` is the archive's own.\n\
         - `fuzzymatching=true` asks for fuzzy semantic matching of Patient's Name, as *Query keys* has it.\n\
         - `multiplevaluematching` is accepted; lists are lists with it and without. `emptyvaluematching=true` is answered \
         without it and with a Warning 299 that says so.\n\
         - No result is an empty array of status 200.\n\
         - Timezone Offset From UTC is not asked of queries: times are compared as they are written.\n",
        offers(&qido::OFFERS),
        table(&["Search for", "Attributes of every answer"], answered),
        table(&["Attribute", "Matching"], items),
        Error::BadRequest(String::new()).status().as_u16(),
    )
}

pub(super) fn retrieval() -> String {
    let supported = services::supported();
    let rows = supported.storage_syntaxes().iter().map(|uid| {
        let known = TransferSyntax::from_uid(uid);
        let media = known.map_or("application/octet-stream", frames::media_type);
        let is_written = known.is_some_and(|syntax| transcode::WRITTEN.contains(&syntax));
        let made_from = transcode::is_possible(uid, TransferSyntax::ExplicitLittleEndian.uid());
        let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
        vec![
            dimse_part::syntax_name(uid),
            media.to_owned(),
            yes(made_from),
            yes(is_written),
        ]
    });
    let not_acceptable = Error::NotAcceptable(String::new()).status().as_u16();
    format!(
        "| What | Media types, the preferred first |\n| --- | --- |\n\
         | objects | {} (the last of one object) |\n\
         | metadata | {} |\n\
         | frames and pixel data | `multipart/related` of the media type of the transfer syntax, of one frame also single |\n\
         | other bulk data | `multipart/related; type=\"application/octet-stream\"`, `application/octet-stream` |\n\n\
         Transfer syntaxes, by what an object is stored in (*others from it*) and what is asked for (*made from others*); all are \
         given as they are stored:\n\n{}\n\
         - `application/dicom` without `transfer-syntax` gives Explicit VR Little Endian where it can be made, else what is \
         stored (PS3.18 8.7.3.5.2); `transfer-syntax=*` and `*/*` give what is stored. Where the archive is configured so, objects \
         that came uncompressed come to be stored without loss in another transfer syntax, a minute after they came; in the one \
         they came in they are given bit for bit. Available Transfer Syntax UID (0008,3002) in metadata and search results names \
         the stored one, then the received one.\n\
         - Nothing is compressed with loss. What is made is read again and compared with its source before it leaves.\n\
         - Compressed frames leave as they are stored, in their media type; as `application/octet-stream` they are decoded, or, \
         asked for with the stored `transfer-syntax` or `*`, compressed as they are. Where nothing here decodes a transfer syntax, \
         its frames are given only so, video too, which has no media type of its own here. What cannot be given as asked is {not_acceptable}, with what could be.\n\
         - Metadata leave out binary values beyond {INLINE_BYTES} bytes and name their addresses (BulkDataURI); in XML those \
         within items stay empty.\n\
         - Objects and metadata have their corrections; `original=true` gives them as they were received, to who may correct. \
         Frames and bulk data are always of the object as it was received.\n\
         - Entity tags: every answer has an ETag of content, corrections and form; If-None-Match is answered by 304; \
         `Cache-Control: private, no-cache`.\n\
         - Ranges: single parts (an object, a frame, a value) are given in one range of bytes (206; 416 outside), with If-Range; \
         several ranges give the whole. Answers of several parts have none.\n\
         - Rendered and thumbnail ({}; parameters `viewport` of two numbers, `window`, `quality`) are for a host that brings a \
         renderer. The program brings none: {}.\n",
        offers(&instances::OFFERS),
        offers(&metadata::OFFERS),
        table(
            &[
                "Transfer syntax",
                "Media type of frames",
                "Others from it",
                "Made from others"
            ],
            rows
        ),
        offers(&render::OFFERS),
        Error::NotOffered("").status().as_u16(),
    )
}

pub(super) fn by_parameters() -> String {
    let offered = offers(&uri::OFFERS);
    let rows = [
        ("requestType", "`WADO`"),
        ("studyUID, seriesUID, objectUID", "needed, all three"),
        (
            "contentType",
            "one of those above; without it the Accept header says, without that `application/dicom`",
        ),
        (
            "transferSyntax",
            "of `application/dicom`: as of WADO-RS; without it as stored",
        ),
        ("original", "`true`: as received, to who may correct"),
        ("frameNumber", "of pictures, counted from 1"),
        ("anonymize", "not offered: 501"),
        (
            "charset, annotation, rows, columns, region, windowCenter, windowWidth, imageQuality, presentationUID, \
             presentationSeriesUID",
            "passed over",
        ),
    ];
    let rows = rows.map(|(name, what)| vec![name.to_owned(), what.to_owned()]);
    format!(
        "Media types: {offered}; pictures as under *Retrieving (WADO-RS)*.\n\n{}",
        table(&["Parameter", "Value"], rows)
    )
}

pub(super) fn storing() -> String {
    let rows = [
        (
            report::FULL,
            "the disk is full, or the object larger than is taken",
        ),
        (
            report::MISMATCH,
            "an identifying attribute is missing or no UID, or the object is of another study than the address",
        ),
        (
            report::NOT_UNDERSTOOD,
            "cannot be read, is cut short, or is a part that is no `application/dicom`",
        ),
        (
            report::NOT_AUTHORIZED,
            "another organisation keeps the study, or an object with this UID",
        ),
        (report::FAILED, "the archive failed; later it may not"),
    ];
    let rows = rows.map(|(number, meaning)| vec![format!("`0x{number:04X}`"), meaning.to_owned()]);
    let status = |failures: &[u16]| {
        let all = failures.iter().map(|number| report::Taken::Failed(*number));
        report::Report::of(all).status().as_u16()
    };
    format!(
        "Taken: `application/dicom`, or `multipart/related` of it. Metadata with bulk data apart (`application/dicom+json`, `application/dicom+xml`) and pictures are not taken \
         ({}), nor are compressed bodies. Every SOP class and transfer syntax of DIMSE storage, and others: what can be read as \
         DICOM is kept, as the bytes that came. Answers are {}.\n\n\
         - 200: all are durable on disk and in the index. 202: some failed, or differ from an object of their UID that is here \
         (Warning Reason `0x{:04X}`; both are kept, the first stays visible). {}: none was taken. {}: none, and the archive cannot store \
         now. {}: none, and the disk is full.\n\
         - The same object again is a success.\n\
         - Each object is stored by itself: what is whole is kept when the body ends early.\n\n\
         Failure Reason, in Failed SOP Sequence or, where the UIDs are not known, in Other Failures Sequence:\n\n{}",
        Error::UnsupportedMediaType("").status().as_u16(),
        offers(&stow::OFFERS),
        report::KEPT_BESIDE,
        status(&[report::NOT_UNDERSTOOD]),
        status(&[report::FAILED]),
        status(&[report::FULL]),
        table(&["Reason", "Meaning"], rows),
    )
}

pub(super) fn limits() -> String {
    let (store, connections, ingest) = (
        stow::Limits::default(),
        http::Limits::default(),
        ingest::Limits::default(),
    );
    let rows = [
        ("Connections", connections.connections.to_string()),
        (
            "Connections of one address, but this machine's",
            connections.connections_of_address.to_string(),
        ),
        ("Head of a request", format!("{} s", connections.head.as_secs())),
        (
            "Without a byte in either direction",
            format!("{} s", connections.silence.as_secs()),
        ),
        ("Query parameters", parameters::MAX_PARAMETERS.to_string()),
        ("Results of one search", MAX_ROWS.to_string()),
        ("Objects of one retrieval", find::MAX_INSTANCES.to_string()),
        ("Frames of one retrieval", frames::MAX_FRAMES.to_string()),
        (
            "Object in another transfer syntax than stored",
            format!("{} bytes", instances::MAX_TRANSCODED_BYTES),
        ),
        ("Body of STOW-RS", format!("{} bytes", store.body_bytes)),
        ("Parts of a body", store.multipart.parts.to_string()),
        (
            "Object",
            format!("{} bytes", ingest.object_bytes.min(store.multipart.part_bytes)),
        ),
        (
            "Data set before the pixel data",
            format!("{} bytes", ingest.data_set_bytes),
        ),
        ("Requests that store at once", store.requests.to_string()),
    ];
    let rows = rows.map(|(what, most)| vec![what.to_owned(), most]);
    table(&["What", "At most"], rows)
}

pub(super) fn statuses() -> String {
    let rows = [
        (
            Error::BadRequest(String::new()),
            "what is asked is not understood, or an attribute is not matched on",
        ),
        (Error::Unauthenticated, "no token, or one that is not known"),
        (Error::Forbidden, "the token does not allow it"),
        (Error::NotFound, "no such object, frame, value or address"),
        (
            Error::NotAcceptable(String::new()),
            "no accepted media type or transfer syntax can be given",
        ),
        (
            Error::Conflict(String::new()),
            "a correction cannot be laid over the object; of STOW-RS, nothing was taken",
        ),
        (
            Error::TooLarge { what: "", limit: 0 },
            "the body is larger than is taken",
        ),
        (
            Error::UnsupportedMediaType(""),
            "the body is no DICOM object, or compressed",
        ),
        (
            Error::Internal,
            "the archive cannot answer now; why is in its log",
        ),
        (
            Error::NotOffered(""),
            "UPS-RS; rendered and thumbnail without a renderer; anonymize of WADO-URI",
        ),
        (
            Error::Busy(""),
            "as many store as may at once; Retry-After says when again",
        ),
        (
            Error::Unavailable,
            "the store of objects does not answer; Retry-After says when again",
        ),
        (Error::Full, "the disk is full"),
    ];
    let rows = rows.map(|(error, meaning)| vec![error.status().as_u16().to_string(), meaning.to_owned()]);
    "Refusals have one sentence as JSON (`{\"error\": \"...\"}`), without values of patients.\n\n".to_owned()
        + &table(&["Status", "Meaning"], rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::RESOURCES;
    use crate::access::{Action, Authorize, Context, Failed, Principal};
    use crate::events::Boxed;
    use crate::http::tests::{app, send, start};
    use crate::http::{Limits, router};
    use crate::test_folder::TestFolder;

    /// Knows nobody.
    #[derive(Debug)]
    struct Nobody;

    impl Authorize for Nobody {
        fn bearer<'a>(
            &'a self,
            _token: &'a str,
            _context: &'a Context,
        ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
            Box::pin(async { Ok(None) })
        }

        fn may<'a>(
            &'a self,
            _who: &'a Principal,
            _action: Action,
            _study_uid: Option<&'a str>,
        ) -> Boxed<'a, Result<bool, Failed>> {
            let may = false;
            Box::pin(async move { Ok(may) })
        }
    }

    #[tokio::test]
    async fn every_resource_of_the_statement_is_there_and_guarded() {
        let folder = TestFolder::new("resources");
        let router = router(app(&folder, Arc::new(Nobody)).await);
        let (port, _stop) = start(router, Limits::default()).await;
        for (method, path, _) in RESOURCES {
            let path = path.replace(['{', '}'], "");
            let answer = send(port, method, &path, "", b"").await;
            assert_eq!(answer.status, 401, "{method} {path}");
        }
        for (method, path, expected) in [
            ("GET", "/dicom-web/patients", 404),
            ("GET", "/dicom-web/workitems", 501),
            ("POST", "/dicom-web/workitems/1.2/state", 501),
            ("DELETE", "/dicom-web/studies/1.2", 405),
        ] {
            assert_eq!(
                send(port, method, path, "", b"").await.status,
                expected,
                "{method} {path}"
            );
        }
    }
}
