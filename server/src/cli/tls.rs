//! `uptake tls init`: an authority of the hospital's own, and a certificate for the server.
//!
//! Browsers let passkeys, service workers and WebGPU work over HTTPS only. Where no authority of the hospital's signs
//! certificates, this makes one: its certificate goes onto the stations once, its key signs the server's certificate now and
//! again before it expires.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::{Datelike as _, Days, NaiveDate, Utc};
use clap::{Args, Subcommand};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// Days for which the authority is good.
const AUTHORITY_DAYS: u64 = 3650;
/// Days for which a server's certificate is good: the most that every system takes from an authority that was added to it.
const SERVER_DAYS: u64 = 800;

/// What is done about TLS.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes an authority, where there is none yet, and a certificate for the server that it signs.
    Init(Init),
}

/// A certificate to be.
#[derive(Debug, Args)]
pub struct Init {
    /// Names and addresses that browsers reach the server by, as uptake.hospital.lan or 10.0.0.5.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Folder of authority and certificate.
    #[arg(long, value_name = "DIR", default_value = "uptake-tls")]
    to: PathBuf,
}

/// Runs the command.
///
/// # Errors
///
/// A name that is none, a folder that cannot be written.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Init(options) = command;
    let today = Utc::now().date_naive();
    let names = options.names.iter().map(|name| alternative(name));
    let names = names.collect::<anyhow::Result<Vec<_>>>()?;
    std::fs::create_dir_all(&options.to)
        .with_context(|| format!("cannot make the folder {}", options.to.display()))?;
    let file = |name: &str| options.to.join(name);
    let is_new = !file("authority.key").exists();
    if is_new {
        let key = KeyPair::generate()?;
        let certificate = authority(today)?.self_signed(&key)?;
        write(&file("authority.pem"), &certificate.pem(), false)?;
        write(&file("authority.key"), &key.serialize_pem(), true)?;
    }
    let text = std::fs::read_to_string(file("authority.key"))
        .with_context(|| format!("cannot read {}", file("authority.key").display()))?;
    let key = KeyPair::from_pem(&text)
        .with_context(|| format!("{}: expected a private key", file("authority.key").display()))?;
    // What signs is named by the same name and key as the certificate that was made with them.
    let issuer = Issuer::new(authority(today)?, key);
    let own = KeyPair::generate()?;
    let certificate = server(today, &options.names[0], names)?.signed_by(&own, &issuer)?;
    write(&file("server.pem"), &certificate.pem(), false)?;
    write(&file("server.key"), &own.serialize_pem(), true)?;
    let until = today + Days::new(SERVER_DAYS);
    if is_new {
        println!("authority    {}", file("authority.pem").display());
    }
    println!("certificate  {}, until {until}", file("server.pem").display());
    println!("key          {}", file("server.key").display());
    println!(
        "\nPut {} onto each station, as a trusted root authority. Keep authority.key where nobody else reads it.\n\n\
         [http]\ntls = {{ certificate = \"{}\", key = \"{}\" }}",
        file("authority.pem").display(),
        file("server.pem").display(),
        file("server.key").display()
    );
    Ok(())
}

fn alternative(name: &str) -> anyhow::Result<SanType> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    ensure!(
        name.len() <= 253 && name.split('.').all(is_label),
        "expected a name as uptake.hospital.lan, or an address as 10.0.0.5, found {name:?}"
    );
    Ok(SanType::DnsName(name.to_ascii_lowercase().try_into()?))
}

fn authority(today: NaiveDate) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Uptake local authority");
    // It signs servers, and no further authority.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    within(&mut params, today, AUTHORITY_DAYS);
    Ok(params)
}

fn server(today: NaiveDate, name: &str, names: Vec<SanType>) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = names;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        // DICOM over TLS shows the same certificate to the node that it calls.
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    within(&mut params, today, SERVER_DAYS);
    Ok(params)
}

/// From yesterday on: the stations' clocks need not be right to the hour.
fn within(params: &mut CertificateParams, today: NaiveDate, days: u64) {
    let date = |day: NaiveDate| rcgen::date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    params.not_before = date(today - Days::new(1));
    params.not_after = date(today + Days::new(days));
}

/// Writes a file beside the one that is there, and puts it into its place.
fn write(path: &Path, text: &str, is_secret: bool) -> anyhow::Result<()> {
    use std::io::Write as _;
    let beside = path.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if is_secret { 0o600 } else { 0o644 });
    }
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
