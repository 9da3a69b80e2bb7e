//! A form that brings a file (`multipart/form-data`): its fields, and the bytes of one file, within limits that are checked
//! while it arrives. A handler reads it after its permission check: whoever may not upload makes the server read nothing.

use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::header;

use super::form::{Fields, Form, MAX_FIELDS, Wrong};
use crate::{Error, Result};

/// Bytes of a file at most: a photograph of a document as phones take it.
pub const MAX_FILE: usize = 10 * 1024 * 1024;
/// Bytes that are read at most. What a file has beyond its own limit is read and dropped up to here, so that a browser,
/// which sends all before it listens, sees the sentence about it.
const MAX_BYTES: usize = 4 * MAX_FILE;
/// Bytes of a field beside the file at most.
const MAX_FIELD: usize = 64 * 1024;

/// A form with a file.
#[derive(Debug, Default)]
pub struct Upload {
    /// The fields beside the file.
    pub form: Form,
    /// The file; empty where none was chosen, or it was refused.
    pub file: Vec<u8>,
}

impl Upload {
    /// Reads a form whose file is in the field `name`. A file that is missing or too large is refused in the form.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::BadRequest`].
    pub async fn read(mut request: Request, name: &str) -> Result<Self> {
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared: Option<usize> = declared.and_then(|value| value.to_str().ok()?.parse().ok());
        if declared.is_some_and(|bytes| bytes > MAX_BYTES) {
            return Err(Error::TooLarge(MAX_FILE));
        }
        DefaultBodyLimit::max(MAX_BYTES).apply(&mut request);
        let expected = || Error::BadRequest("expected multipart/form-data as Content-Type".to_owned());
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| expected())?;
        let (mut fields, mut file, mut count) = (Fields::default(), Part::default(), 0);
        while let Some(mut part) = parts.next_field().await.map_err(unread)? {
            count += 1;
            if count > MAX_FIELDS {
                return Err(Error::BadRequest(format!("expected at most {MAX_FIELDS} fields")));
            }
            let field = part.name().unwrap_or_default().to_owned();
            let is_file = field == name;
            let mut read = Part::default();
            while let Some(chunk) = part.chunk().await.map_err(unread)? {
                read.add(&chunk, if is_file { MAX_FILE } else { MAX_FIELD });
            }
            match (is_file, String::from_utf8(std::mem::take(&mut read.bytes))) {
                (true, bytes) => {
                    read.bytes =
                        bytes.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes);
                    file = read;
                }
                (false, Ok(text)) if !read.is_over => fields.set(&field, text),
                (false, _) => {
                    return Err(Error::BadRequest(format!(
                        "expected fields of at most {MAX_FIELD} bytes of UTF-8"
                    )));
                }
            }
        }
        let mut form = Form::new(fields);
        if file.is_over {
            form.refuse(
                name,
                Wrong::new("wrong-file-large").with("longest", MAX_FILE / (1024 * 1024)),
            );
        } else if file.bytes.is_empty() {
            form.refuse(name, Wrong::new("wrong-file-missing"));
        }
        Ok(Self {
            form,
            file: file.bytes,
        })
    }
}

fn unread(error: MultipartError) -> Error {
    match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(MAX_FILE),
        _ => Error::BadRequest("expected a whole form of multipart/form-data".to_owned()),
    }
}

/// A part while it arrives.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Part {
    fn add(&mut self, chunk: &[u8], most: usize) {
        if self.is_over || self.bytes.len() + chunk.len() > most {
            self.is_over = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const BOUNDARY: &str = "----uptake";

    fn request(parts: &[(&str, &[u8])]) -> Request {
        let mut body = Vec::new();
        for (name, bytes) in parts {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        of(body)
    }

    fn of(body: Vec<u8>) -> Request {
        Request::post("/")
            .header(
                header::CONTENT_TYPE,
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body))
            .unwrap()
    }

    #[tokio::test]
    async fn a_file_and_the_fields_beside_it_are_read() {
        let upload = Upload::read(request(&[("once", b"abc"), ("file", b"\x89\xff")]), "file")
            .await
            .unwrap();
        assert_eq!(upload.form.typed("once"), "abc");
        assert_eq!(upload.file, b"\x89\xff");
        assert!(!upload.form.is_wrong());
    }

    #[tokio::test]
    async fn a_file_that_is_missing_or_too_large_is_said_of_its_field() {
        let upload = Upload::read(request(&[("once", b"abc")]), "file").await.unwrap();
        assert_eq!(upload.form.wrong("file"), Some(&Wrong::new("wrong-file-missing")));
        let large = vec![7; MAX_FILE + 1];
        let upload = Upload::read(request(&[("file", &large), ("once", b"abc")]), "file")
            .await
            .unwrap();
        assert_eq!(
            upload.form.wrong("file"),
            Some(&Wrong::new("wrong-file-large").with("longest", 10))
        );
        assert_eq!((upload.file.len(), upload.form.typed("once")), (0, "abc"));
    }

    #[tokio::test]
    async fn what_is_no_form_or_far_too_large_is_refused() {
        let plain = Request::post("/").body(Body::from("file=1")).unwrap();
        assert!(matches!(
            Upload::read(plain, "file").await,
            Err(Error::BadRequest(_))
        ));
        let mut cut =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n").into_bytes();
        cut.extend_from_slice(&[1; 100]);
        assert!(matches!(
            Upload::read(of(cut), "file").await,
            Err(Error::BadRequest(_))
        ));
        let huge = request(&[("file", &vec![0; MAX_BYTES])]);
        assert!(matches!(
            Upload::read(huge, "file").await,
            Err(Error::TooLarge(_))
        ));
        let mut unsaid = request(&[("file", &vec![0; MAX_BYTES])]);
        unsaid.headers_mut().remove(header::CONTENT_LENGTH);
        assert!(matches!(
            Upload::read(unsaid, "file").await,
            Err(Error::TooLarge(_))
        ));
        let field = request(&[("once", &vec![b'a'; MAX_FIELD + 1])]);
        assert!(matches!(
            Upload::read(field, "file").await,
            Err(Error::BadRequest(_))
        ));
    }
}
