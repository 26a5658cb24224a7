//! GET /v1/selfcare/identity/revocation-form: the request to revoke, pre-filled, to be signed and handed in (rule 36).

use sportello_contract::problem::Language;
use sportello_contract::spec::{Limit, Spec};
use sportello_paper::{IdentityKind, Provider, RevocationForm, revocation_form};
use sportello_rules::identity::IdentityType;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::{Profile, Residence};
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Makes the form.
pub struct IdentityRevocationForm;

impl Operation for IdentityRevocationForm {
    const SPEC: Spec = Spec::get("selfcare.identity.revocation-form", "/v1/selfcare/identity/revocation-form")
        .summary("Download the request to revoke the identity, pre-filled, as PDF in the holder's language")
        .pdf()
        .limit(Limit::GUARDED);
    type Auth = HolderHighest;
    type Input = ();
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<()>, Failure> {
        let (auth, sealed) = (&holder.records.auth, &holder.records.profile);
        let profile = Profile::open(cx, &holder.owner, sealed)?;
        let provider = &cx.app.provider;
        let form = RevocationForm {
            provider: Provider { name: provider.name.clone(), support: provider.support.clone(), forms_to: provider.support.clone() },
            email: Some(profile.email.expose().to_owned()),
            document_number: profile.documents.first().map(|document| document.number.clone()),
            residence: profile.residence.as_ref().map(one_line),
            given_name: profile.given_name,
            family_name: profile.family_name,
            birth_date: profile.birth_date,
            birth_place: profile.birth_place,
            fiscal_code: profile.fiscal_code.unwrap_or_default(),
            vat_number: profile.vat_number,
            identity_type: match auth.kind {
                IdentityType::Personal => IdentityKind::Personal,
                IdentityType::Minor => IdentityKind::Minor,
                IdentityType::Professional => IdentityKind::Professional,
                IdentityType::Business => IdentityKind::Business,
            },
            spid_code: auth.spid_code.clone(),
            mobile: profile.mobile,
            // What the operator types: the identity's public id says all, and nothing of the person.
            reference_code: auth.identity_id.to_uppercase(),
            printed_on: cx.today(),
        };
        let language = match sealed.language {
            Language::It => sportello_paper::Language::It,
            Language::En => sportello_paper::Language::En,
        };
        Ok(Reply::file(revocation_form(&form, language).map_err(|error| Failure::fault(error.to_string()))?))
    }
}

fn one_line(residence: &Residence) -> String {
    let province = residence.province.as_ref().map(|province| format!(" ({province})")).unwrap_or_default();
    format!("{}, {} {}{province}, {}", residence.address, residence.postal_code, residence.city, residence.country)
}
