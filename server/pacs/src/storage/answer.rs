//! What the answer of a store behind `object_store` means, in few words: no address, no signature, no key.

use std::error::Error;

/// What services say when there is no room: the status of its own, and the codes of quotas.
const FULL: [&str; 3] = ["507 Insufficient Storage", "QuotaExceeded", "StorageFull"];

/// What services say when there is no bucket; a missing object has another code.
const NO_BUCKET: [&str; 2] = ["NoSuchBucket", "ContainerNotFound"];

/// What services say when they do not know who asks; who asks and may not is told otherwise.
const STRANGER: [&str; 8] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "AuthenticationFailed",
    "InvalidAuthenticationInfo",
    "invalid_grant",
    "401 Unauthorized",
];

/// Whether the store, or the disk below it, has no room.
pub(super) fn is_full(error: &object_store::Error) -> bool {
    let text = error.to_string();
    FULL.iter().any(|word| text.contains(word))
        || causes(error).any(|cause| {
            cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
        })
}

/// Whether the store has no such bucket.
pub(super) fn is_no_bucket(error: &object_store::Error) -> bool {
    let text = error.to_string();
    NO_BUCKET.iter().any(|word| text.contains(word))
}

/// Whether the store does not know who asks.
pub(super) fn is_stranger(error: &object_store::Error) -> bool {
    let text = error.to_string();
    STRANGER.iter().any(|word| text.contains(word))
}

/// The status and the service's code, or the innermost cause.
pub(super) fn words(error: &object_store::Error) -> String {
    let text = error.to_string();
    let status = between(&text, "status code: ", ":");
    let code = between(&text, "<Code>", "</Code>");
    match (status, code) {
        (Some(status), Some(code)) => format!("{status} ({code})"),
        (Some(status), None) => status.to_owned(),
        (None, Some(code)) => code.to_owned(),
        (None, None) => causes(error).last().map_or(text, ToString::to_string),
    }
}

/// The chain of causes, the outermost first.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| {
        let cause: &'a (dyn Error + 'static) = *cause;
        cause.source()
    })
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(begin)?;
    Some(rest.split_once(end)?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: text.to_owned().into(),
        }
    }

    #[test]
    fn an_answer_is_told_in_few_words() {
        let denied = answered(
            "Error performing GET https://store.example/b?prefix=x in 3ms - Server returned non-2xx status code: \
             403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code><StringToSign>AWS4 key</StringToSign></Error>",
        );
        assert_eq!(words(&denied), "403 Forbidden (SignatureDoesNotMatch)");
        assert!(is_stranger(&denied) && !is_full(&denied) && !is_no_bucket(&denied));
        let full = answered("Server returned non-2xx status code: 507 Insufficient Storage: ");
        assert!(is_full(&full) && !is_stranger(&full));
        assert!(is_full(&answered("<Code>XMinioStorageFull</Code>")));
        assert!(is_no_bucket(&answered("<Code>NoSuchBucket</Code>")));
    }
}
