//! Certificates of `uptake tls init`, in a server that is really served, judged by OpenSSL and by rustls.

use std::process::Command;

use super::{Served, folders};
use crate::command_line::{check_failure, uptake};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_knows_the_authority_trusts_the_server() {
    let folder = folders::new("certificates");
    let to = folder.path().join("tls");
    let tls = to.to_str().unwrap();
    let made = uptake(&["tls", "init", "uptake.hospital.lan", "127.0.0.1", "--to", tls]);
    assert!(made.status.success(), "{made:?}");
    let authority = std::fs::read(to.join("authority.pem")).unwrap();
    let config = folder.path().join("uptake.toml");
    let text =
        format!("[http]\ntls = {{ certificate = \"{tls}/server.pem\", key = \"{tls}/server.key\" }}\n");
    std::fs::write(&config, text).unwrap();
    let data = folder.path().join("data");
    let served = Served::start_with(&data, &["--config", config.to_str().unwrap()], &[]);
    let live = async |authority: &[u8]| {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let trusted = reqwest::Certificate::from_pem(authority).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([trusted])
            .build()
            .unwrap();
        client
            .get(format!("https://{}/health/live", served.http))
            .send()
            .await
    };
    assert_eq!(live(&authority).await.unwrap().status(), 200);
    let openssl = |host: &str| {
        let connect = format!("{}", served.http);
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &connect,
                "-verify_return_error",
                "-CAfile",
            ])
            .arg(to.join("authority.pem"))
            .args(host.split(' '))
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(openssl("-verify_ip 127.0.0.1").contains("Verify return code: 0 (ok)"));
    assert!(openssl("-verify_hostname uptake.hospital.lan").contains("Verify return code: 0 (ok)"));
    assert!(!openssl("-verify_hostname other.lan").contains("Verify return code: 0 (ok)"));
    // Another authority's word is worth nothing.
    let other = folder.path().join("other");
    uptake(&["tls", "init", "127.0.0.1", "--to", other.to_str().unwrap()]);
    let stranger = std::fs::read(other.join("authority.pem")).unwrap();
    assert!(live(&stranger).await.is_err());
    drop(served);
    // A new certificate is signed by the authority that stations know.
    let before = std::fs::read(to.join("server.pem")).unwrap();
    assert!(
        uptake(&["tls", "init", "127.0.0.1", "--to", tls])
            .status
            .success()
    );
    assert_ne!(std::fs::read(to.join("server.pem")).unwrap(), before);
    assert_eq!(std::fs::read(to.join("authority.pem")).unwrap(), authority);
    let verified = Command::new("openssl")
        .arg("verify")
        .arg("-CAfile")
        .arg(to.join("authority.pem"))
        .arg(to.join("server.pem"))
        .status();
    assert!(verified.unwrap().success());
    #[cfg(unix)]
    for key in ["authority.key", "server.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(to.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{key} is read by others");
    }
}

#[test]
fn what_is_no_name_gets_no_certificate() {
    for name in ["", "a b", "名.lan", "x..lan", "*.lan"] {
        check_failure(
            &["tls", "init", name, "--to", "/nowhere"],
            1,
            "expected a name as uptake.hospital.lan",
        );
    }
}
