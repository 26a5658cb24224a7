//! Certificate makers for tests, by the `openssl` command: authorities, their certificates and lists, and signatures made with them.
//!
//! Everything is valid from 2020 to the end of 2048 unless a test says otherwise, so a test may take any instant between.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// Where validity begins by default.
pub const FROM: &str = "20200101000000Z";
/// Where validity ends by default.
pub const UNTIL: &str = "20481231235959Z";
/// The extensions of an authority.
pub const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
/// The extensions of a signature certificate, which says that it is qualified.
pub const SIGNATURE: &str =
    "basicConstraints=CA:FALSE\nkeyUsage=critical,nonRepudiation\nsubjectKeyIdentifier=hash\n1.3.6.1.5.5.7.1.3=DER:300A3008060604008E460101\n";
/// The extensions of a CNS authentication certificate.
pub const AUTHENTICATION: &str = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";

const CONFIGURATION: &str = "[ca]\ndefault_ca = this\n[this]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\ncrlnumber = crlnumber\n\
    certificate = certificate.pem\nprivate_key = key.pem\ndefault_md = sha256\npolicy = any\nunique_subject = no\ncopy_extensions = none\n\
    [any]\ncommonName = optional\n[req]\ndistinguished_name = none\nstring_mask = utf8only\n[none]\n";

static NAMES: AtomicU32 = AtomicU32::new(0);

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// RSA of so many bits.
    Rsa(u32),
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

/// What a certificate shall say.
#[derive(Debug, Clone)]
pub struct Request {
    /// The subject as `openssl req -subj` reads it.
    pub subject: String,
    /// Lines of an extension section.
    pub extensions: String,
    /// The kind of its key.
    pub key: Key,
    /// The beginning of its validity, such as [`FROM`].
    pub from: String,
    /// The end of its validity, such as [`UNTIL`].
    pub until: String,
    /// The digest that its issuer signs.
    pub digest: &'static str,
    /// Whether its issuer, who then must have an RSA key, signs with PSS.
    pub pss: bool,
}

impl Request {
    /// A certificate with a P-256 key, valid for long.
    #[must_use]
    pub fn new(subject: &str, extensions: &str) -> Self {
        let (subject, extensions, key) = (subject.to_owned(), extensions.to_owned(), Key::P256);
        Self { subject, extensions, key, from: FROM.to_owned(), until: UNTIL.to_owned(), digest: "sha256", pss: false }
    }

    /// An authority of that name.
    #[must_use]
    pub fn authority(name: &str) -> Self {
        Self::new(&format!("/C=IT/O=Autorita di prova/CN={}", escaped(name)), AUTHORITY)
    }

    /// The signature certificate of a holder.
    #[must_use]
    pub fn signature(fiscal_code: &str) -> Self {
        Self::new(&format!("/C=IT/SN=ROSSI/GN=MARIA/serialNumber=TINIT-{}/CN=MARIA ROSSI", escaped(fiscal_code)), SIGNATURE)
    }

    /// The authentication certificate of a holder's card.
    #[must_use]
    pub fn card(fiscal_code: &str) -> Self {
        Self::new(&format!("/C=IT/O=Regione di prova/CN={}", escaped(&format!("{fiscal_code}/6090010000000000.abc+/="))), AUTHENTICATION)
    }
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct Issued {
    certificate: PathBuf,
    key: PathBuf,
}

impl Issued {
    /// Where its PEM is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.certificate
    }

    /// Where its key's PEM is, for a client that connects with it.
    #[must_use]
    pub fn key_path(&self) -> &Path {
        &self.key
    }

    /// Its PEM.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pem(&self) -> io::Result<String> {
        fs::read_to_string(&self.certificate)
    }

    /// Its DER.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn der(&self) -> io::Result<Vec<u8>> {
        openssl(Path::new("."), ["x509".as_ref(), "-outform".as_ref(), "DER".as_ref(), "-in".as_ref(), self.certificate.as_os_str()])
    }

    /// A CMS signature of `content`.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn sign(&self, content: &[u8], how: &Signing<'_>) -> io::Result<Vec<u8>> {
        let directory = self.certificate.parent().unwrap_or(Path::new("."));
        let input = directory.join(fresh("content"));
        fs::write(&input, content)?;
        let mut arguments: Vec<&OsStr> = ["cms", "-sign", "-binary", "-outform", "DER", "-md", how.digest, "-in"].map(OsStr::new).to_vec();
        arguments.push(input.as_os_str());
        arguments.extend(how.flags.iter().map(OsStr::new));
        for signer in std::iter::once(self).chain(how.with) {
            arguments.extend([OsStr::new("-signer"), signer.certificate.as_os_str(), OsStr::new("-inkey"), signer.key.as_os_str()]);
            arguments.extend(how.key_options.iter().flat_map(|option| ["-keyopt", option]).map(OsStr::new));
        }
        let bundle = directory.join(fresh("chain"));
        if !how.chain.is_empty() {
            fs::write(&bundle, how.chain)?;
            arguments.extend([OsStr::new("-certfile"), bundle.as_os_str()]);
        }
        openssl(Path::new("."), arguments)
    }
}

/// How a CMS signature is made.
#[derive(Debug, Clone)]
pub struct Signing<'a> {
    /// The digest.
    pub digest: &'a str,
    /// Further flags of `openssl cms`: `-nodetach` puts the content in, `-cades` names the signer's certificate.
    pub flags: &'a [&'a str],
    /// Options of the signature, such as `rsa_padding_mode:pss`.
    pub key_options: &'a [&'a str],
    /// A second signer.
    pub with: Option<&'a Issued>,
    /// PEM of certificates sent along.
    pub chain: &'a str,
}

impl Default for Signing<'_> {
    /// CAdES-BES with SHA-256, the content in it.
    fn default() -> Self {
        Self { digest: "sha256", flags: &["-nodetach", "-cades"], key_options: &[], with: None, chain: "" }
    }
}

/// What a list of revoked certificates shall say.
#[derive(Debug, Clone)]
pub struct Crl<'a> {
    /// Its instant.
    pub from: &'a str,
    /// When the next is due.
    pub until: &'a str,
    /// Lines of an extension section.
    pub extensions: &'a str,
    /// The digest that is signed.
    pub digest: &'a str,
}

impl Default for Crl<'_> {
    fn default() -> Self {
        Self { from: FROM, until: UNTIL, extensions: "authorityKeyIdentifier=keyid\n", digest: "sha256" }
    }
}

/// A certificate authority in a directory of its own.
#[derive(Debug)]
pub struct Authority {
    directory: PathBuf,
    own: Issued,
    /// `openssl ca` keeps its books in files, which two of them at once would spoil.
    books: Mutex<()>,
}

impl Authority {
    /// A root in a new directory below `directory`.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn root(directory: &Path, name: &str) -> io::Result<Self> {
        Self::root_of(directory, &Request::authority(name))
    }

    /// A root in a new directory below `directory`, as asked for.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn root_of(directory: &Path, request: &Request) -> io::Result<Self> {
        let authority = Self::open(directory, request)?;
        authority.certify(request, "request.pem", "certificate.pem", &["-selfsign"])?;
        Ok(authority)
    }

    /// An authority below this one, in a new directory below its own.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn subordinate(&self, request: &Request) -> io::Result<Self> {
        let authority = Self::open(&self.directory, request)?;
        self.certify(request, authority.directory.join("request.pem"), authority.own.path(), &[])?;
        Ok(authority)
    }

    /// A certificate of this authority, with a new key.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn issue(&self, request: &Request) -> io::Result<Issued> {
        let base = self.directory.join(fresh("holder"));
        let issued = Issued { certificate: base.with_extension("pem"), key: base.with_extension("key") };
        let asked = base.with_extension("csr");
        make_key(request.key, &issued.key)?;
        self.ask(request, &issued.key, &asked)?;
        self.certify(request, &asked, &issued.certificate, &[])?;
        Ok(issued)
    }

    /// Another certificate for the key of `issued`; the request's kind of key is not looked at.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn issue_for(&self, issued: &Issued, request: &Request) -> io::Result<Issued> {
        let base = self.directory.join(fresh("again"));
        let again = Issued { certificate: base.with_extension("pem"), key: issued.key.clone() };
        let asked = base.with_extension("csr");
        self.ask(request, &again.key, &asked)?;
        self.certify(request, &asked, &again.certificate, &[])?;
        Ok(again)
    }

    /// Its own certificate and key.
    #[must_use]
    pub fn own(&self) -> &Issued {
        &self.own
    }

    /// Its own certificate's PEM.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pem(&self) -> io::Result<String> {
        self.own.pem()
    }

    /// Writes that a certificate is revoked into its books, for a reason such as `keyCompromise`; the next list says so.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn revoke(&self, issued: &Issued, reason: &str) -> io::Result<()> {
        self.books(["-revoke".as_ref(), issued.certificate.as_os_str(), "-crl_reason".as_ref(), reason.as_ref()]).map(drop)
    }

    /// Its list of revoked certificates, in DER.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn crl(&self) -> io::Result<Vec<u8>> {
        self.crl_of(&Crl::default())
    }

    /// Its list of revoked certificates as asked for, in DER.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn crl_of(&self, how: &Crl<'_>) -> io::Result<Vec<u8>> {
        let pem = self.directory.join(fresh("crl"));
        let configuration = self.directory.join(fresh("configuration"));
        fs::write(&configuration, format!("{CONFIGURATION}[extensions]\n{}", how.extensions))?;
        let dates = ["-gencrl", "-crlexts", "extensions", "-crl_lastupdate", how.from, "-crl_nextupdate", how.until, "-md", how.digest];
        let mut arguments: Vec<&OsStr> = dates.map(OsStr::new).to_vec();
        arguments.extend([OsStr::new("-config"), configuration.as_os_str(), OsStr::new("-out"), pem.as_os_str()]);
        self.books(arguments)?;
        openssl(&self.directory, ["crl".as_ref(), "-outform".as_ref(), "DER".as_ref(), "-in".as_ref(), pem.as_os_str()])
    }

    fn open(parent: &Path, request: &Request) -> io::Result<Self> {
        // `openssl` runs in that directory, where a relative path would mean another file.
        let directory = fs::canonicalize(parent)?.join(fresh("authority"));
        fs::create_dir(&directory)?;
        for (name, content) in [("configuration", CONFIGURATION), ("index.txt", ""), ("serial", "6F00000000000001\n"), ("crlnumber", "01\n")] {
            fs::write(directory.join(name), content)?;
        }
        let own = Issued { certificate: directory.join("certificate.pem"), key: directory.join("key.pem") };
        let authority = Self { directory, own, books: Mutex::new(()) };
        make_key(request.key, &authority.own.key)?;
        authority.ask(request, &authority.own.key, Path::new("request.pem"))?;
        Ok(authority)
    }

    fn ask(&self, request: &Request, key: &Path, asked: &Path) -> io::Result<()> {
        let wanted = ["req", "-new", "-utf8", "-config", "configuration", "-subj", &request.subject, "-key"].map(OsStr::new);
        openssl(&self.directory, wanted.into_iter().chain([key.as_os_str(), OsStr::new("-out"), asked.as_os_str()])).map(drop)
    }

    fn certify(&self, request: &Request, asked: impl AsRef<Path>, certificate: impl AsRef<Path>, flags: &[&str]) -> io::Result<()> {
        let extensions = self.directory.join(fresh("extensions"));
        fs::write(&extensions, &request.extensions)?;
        let dates = ["-batch", "-notext", "-utf8", "-preserveDN", "-startdate", &request.from, "-enddate", &request.until, "-md", request.digest];
        let mut arguments: Vec<&OsStr> = dates.map(OsStr::new).to_vec();
        arguments.extend(flags.iter().map(OsStr::new));
        if request.pss {
            arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"].map(OsStr::new));
        }
        arguments.extend([OsStr::new("-extfile"), extensions.as_os_str(), OsStr::new("-in"), asked.as_ref().as_os_str()]);
        arguments.extend([OsStr::new("-out"), certificate.as_ref().as_os_str()]);
        self.books(arguments).map(drop)
    }

    fn books<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>) -> io::Result<Vec<u8>> {
        let _alone = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        openssl(&self.directory, ["ca", "-config", "configuration"].map(OsStr::new).into_iter().chain(arguments))
    }
}

/// What the `openssl` command writes, run in `directory`.
///
/// # Errors
/// When it cannot be started, or fails; what it complained of is in the error.
pub fn openssl<'a>(directory: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> io::Result<Vec<u8>> {
    let arguments: Vec<&OsStr> = arguments.into_iter().collect();
    let output = Command::new("openssl").args(&arguments).current_dir(directory).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("openssl {arguments:?}: {complaint}")))
}

/// A value as a part of a subject.
#[must_use]
pub fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('/', "\\/").replace('+', "\\+")
}

fn make_key(kind: Key, to: &Path) -> io::Result<()> {
    let (algorithm, option) = match kind {
        Key::Rsa(bits) => ("RSA", format!("rsa_keygen_bits:{bits}")),
        Key::P256 => ("EC", "ec_paramgen_curve:P-256".to_owned()),
        Key::P384 => ("EC", "ec_paramgen_curve:P-384".to_owned()),
    };
    let made = ["genpkey", "-algorithm", algorithm, "-pkeyopt", &option, "-out"].map(OsStr::new);
    openssl(Path::new("."), made.into_iter().chain([to.as_os_str()])).map(drop)
}

fn fresh(what: &str) -> String {
    format!("{what}-{}", NAMES.fetch_add(1, Ordering::Relaxed))
}
