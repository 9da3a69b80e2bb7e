//! TLS of DICOM network services: whose certificates are trusted (PS3.15 B).

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use crate::gateway::WebError as Error;
use crate::gateway::web::read;

/// The certificates of a PEM file, as those that are trusted.
///
/// # Errors
///
/// [`Error::File`], [`Error::Certificates`].
pub fn authorities(path: &Path) -> Result<RootCertStore, Error> {
    let bad = |words: String| unusable(path, words);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(path)?) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// A connector that trusts what the certificates of a PEM file signed.
///
/// # Errors
///
/// As [`authorities`].
pub fn connector(path: &Path) -> Result<TlsConnector, Error> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(path, error.to_string()))?
        .with_root_certificates(authorities(path)?)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn unusable(path: &Path, words: String) -> Error {
    Error::Certificates {
        path: path.to_owned(),
        words,
    }
}
