use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
    let folder = std::env::temp_dir().join(format!(
        "uptake-config-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("uptake.toml");
    std::fs::write(&path, text)?;
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::load(Some(&path), variables);
    std::fs::remove_dir_all(&folder)?;
    let config = config?;
    config.check()?;
    Ok(config)
}

fn refused(text: &str, variables: &[(&str, &str)], words: &str) {
    let error = format!("{:#}", load(text, variables).unwrap_err());
    assert!(error.contains(words), "expected {words:?} in {error:?}");
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let text = "data = \"/archive\"\n[http]\nlisten = \"0.0.0.0:443\"\n[dicom.peers.CT1]\naddress = \"ct1:104\"\nnetworks = [\"10.1.0.0/16\"]\n";
    let config = load(
        text,
        &[
            ("UPTAKE_HTTP_LISTEN", "127.0.0.1:9"),
            ("UPTAKE_DICOM_AE_TITLE", "ARCHIVE"),
            ("HOME", "/"),
        ],
    )
    .unwrap();
    assert_eq!(config.data, PathBuf::from("/archive"));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9");
    assert_eq!(config.dicom.ae_title, "ARCHIVE");
    assert_eq!(config.dicom.peers["CT1"].associations, 16);
    assert_eq!(config.tokens(), PathBuf::from("/archive/tokens.toml"));
}

#[test]
fn what_is_printed_is_read_again() {
    let text = "[dicom.peers.CT1]\nnetworks = [\"10.1.0.0/16\", \"::1\"]\n[http.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    let config = load(text, &[]).unwrap();
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    let defaults = Config::default().to_toml().unwrap();
    assert_eq!(load(&defaults, &[]).unwrap(), Config::default());
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn what_is_not_understood_is_named() {
    refused("port = 1", &[], "port");
    refused("[http]\nlisten = \"here\"", &[], "http");
    refused("[dicom]\nae_title = \"\"", &[], "dicom.ae_title");
    refused(
        "[dicom]\nae_title = \"A TITLE THAT IS TOO LONG\"",
        &[],
        "dicom.ae_title",
    );
    refused(
        "[dicom.peers.CT1]\naddress = \"ct1\"",
        &[],
        "dicom.peers.CT1.address",
    );
    refused(
        "[dicom.peers.CT1]\nnetworks = [\"10.1.0.0/33\"]",
        &[],
        "10.1.0.0/33",
    );
    refused(
        "[dicom.peers.CT1]\nassociations = 0",
        &[],
        "dicom.peers.CT1.associations",
    );
    refused("[limits]\nobject_bytes = 1", &[], "limits.object_bytes");
    refused("[log]\nformat = \"xml\"", &[], "xml");
    refused("", &[("UPTAKE_HTTP_LISTE", "127.0.0.1:9")], "UPTAKE_HTTP_LISTE");
    refused("", &[("UPTAKE_DICOM_ASSOCIATIONS", "many")], "many");
    refused("[http", &[], "uptake.toml");
}

#[test]
fn networks_contain_their_addresses() {
    for (network, address, is_in) in [
        ("10.1.0.0/16", "10.1.255.3", true),
        ("10.1.0.0/16", "10.2.0.1", false),
        ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false),
        ("0.0.0.0/0", "200.1.1.1", true),
        ("10.1.0.0/16", "::ffff:10.1.0.9", true),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false),
        ("::/0", "fe80::1", true),
        ("::/0", "10.0.0.1", false),
    ] {
        let network: Network = network.parse().unwrap();
        assert_eq!(
            network.contains(address.parse().unwrap()),
            is_in,
            "{network} {address}"
        );
    }
}
