//! GET /v1/selfcare/profile: the data of the identity and its holder (rule 51).

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::identity::IdentityType;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::residence::Residence;
use sportello_runtime::{Cx, Failure, Operation, Reply};


/// Reads the profile.
pub struct ProfileRead;

/// What is known of the holder. Only the residence can be changed by the holder alone.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Username.
    username: String,
    /// Type of the identity.
    #[schemars(with = "String", extend("enum" = ["personal", "minor", "professional", "business"]))]
    r#type: IdentityType,
    /// SPID code: four letters and ten letters or digits; none before the activation.
    spid_code: Option<String>,
    /// First day.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    issued_on: Option<Date>,
    /// Last day.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    expires_on: Option<Date>,
    /// Given name.
    given_name: String,
    /// Family name.
    family_name: String,
    /// Birth date.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    birth_date: Option<Date>,
    /// Where born.
    birth_place: Option<String>,
    /// Fiscal code.
    fiscal_code: Option<String>,
    /// VAT number, of a Professional or Business identity.
    vat_number: Option<String>,
    /// E-mail address that notices go to.
    email: String,
    /// Mobile number that codes go to, E.164.
    mobile: Option<String>,
    /// Where the holder lives.
    residence: Option<Residence>,
    /// Last day of the identity document.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    document_expires_on: Option<Date>,
}

impl Operation for ProfileRead {
    const SPEC: Spec = Spec::get("selfcare.profile.read", "/v1/selfcare/profile").summary("Read the data of the identity and its holder").limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<Output>, Failure> {
        let auth = &holder.records.auth;
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        Ok(Reply::of(Output {
            username: profile.username,
            r#type: auth.kind,
            spid_code: auth.spid_code.clone(),
            issued_on: auth.issued_on,
            expires_on: auth.expires_on,
            given_name: profile.given_name,
            family_name: profile.family_name,
            birth_date: profile.birth_date,
            birth_place: profile.birth_place,
            fiscal_code: profile.fiscal_code,
            vat_number: profile.vat_number,
            email: profile.email.expose().to_owned(),
            mobile: profile.mobile,
            residence: profile.residence.map(Residence::from),
            document_expires_on: auth.document_expires_on,
        }))
    }
}
