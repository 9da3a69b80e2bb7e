//! The audit repository, as the settings name it: checked when the server starts.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use platform::trail::repository::Repository;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::config::{AuditRepository, AuditSecurity};

/// Syslog over TLS, and over TCP.
const PORTS: (u16, u16) = (6514, 601);

/// The repository, with what TLS is spoken with.
///
/// # Errors
///
/// The first setting that cannot be meant.
pub(super) fn opened(settings: &AuditRepository) -> anyhow::Result<Repository> {
    let host = settings.host.clone();
    ensure!(
        ServerName::try_from(host.as_str()).is_ok(),
        "site.audit_repository.host: expected a name or an address, found {host:?}"
    );
    let (tls, port) = match (settings.security, &settings.authority) {
        (AuditSecurity::Tls, Some(authority)) => (Some(client(settings, authority)?), PORTS.0),
        (AuditSecurity::Tls, None) => bail!(
            "site.audit_repository.authority: expected a file of the certificates that sign the repository's, found none"
        ),
        (AuditSecurity::None, None) => (None, PORTS.1),
        (AuditSecurity::None, Some(_)) => {
            bail!("site.audit_repository.authority: expected security = \"tls\" with it, found none")
        }
    };
    Ok(Repository {
        host,
        port: settings.port.unwrap_or(port),
        tls: tls.map(Arc::new),
    })
}

fn client(settings: &AuditRepository, authority: &Path) -> anyhow::Result<ClientConfig> {
    let roots = pacs::tls::authorities(authority).context("site.audit_repository.authority")?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("site.audit_repository")?
        .with_root_certificates(roots);
    let (certificate, key) = match (&settings.certificate, &settings.key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => bail!("site.audit_repository.certificate: expected it with key, found one of them"),
    };
    let certificates = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| {
            format!(
                "site.audit_repository.certificate: cannot read {}",
                certificate.display()
            )
        })?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("site.audit_repository.key: cannot read {}", key.display()))?;
    builder
        .with_client_auth_cert(certificates, key)
        .context("site.audit_repository: the certificate and the key do not fit")
}
