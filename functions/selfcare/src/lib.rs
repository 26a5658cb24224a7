//! The selfcare: what its holder does with an identity.

mod access_view;
mod app_signature;
mod blocking;
mod confirmation;
mod credentials;
mod deadline_text;
mod enrolment;
mod expired_password;
mod last_step;
mod level_three;
mod new_password;
mod person;
mod qr_sign_in;
mod recovery;
mod second_factor;
mod sign_in;
mod sso_qr;
mod steps;

sportello_runtime::operations! {
    sign_in_start::SignInStart,
    sign_in_otp::SignInOtp,
    sign_in_otp_send::SignInOtpSend,
    sign_in_signature::SignInSignature,
    sign_in_smart_card::SignInSmartCard,
    sign_in_lost::SignInLost,
    sign_in_qr_start::SignInQrStart,
    sign_in_qr_approve::SignInQrApprove,
    sign_in_qr_read::SignInQrRead,
    code_send::CodeSend,
    session_list::SessionList,
    session_end::SessionEnd,
    device_list::DeviceList,
    device_forget::DeviceForget,
    profile_read::ProfileRead,
    residence_change::ResidenceChange,
    identity_read::IdentityRead,
    identity_suspend::IdentitySuspend,
    identity_reactivate::IdentityReactivate,
    identity_revoke::IdentityRevoke,
    identity_revocation_form::IdentityRevocationForm,
    adult_choice_make::AdultChoiceMake,
    credential_list::CredentialList,
    credential_suspend::CredentialSuspend,
    credential_reactivate::CredentialReactivate,
    credential_revoke::CredentialRevoke,
    otp_app_enrol::OtpAppEnrol,
    otp_app_confirm::OtpAppConfirm,
    otp_app_move::OtpAppMove,
    sso_qr_start::SsoQrStart,
    sso_qr_confirm::SsoQrConfirm,
    sso_qr_remove::SsoQrRemove,
    otp_sms_activate::OtpSmsActivate,
    otp_token_activate::OtpTokenActivate,
    l3_activate::L3Activate,
    otp_mode_change::OtpModeChange,
    deadline_list::DeadlineList,
    access_list::AccessList,
    access_statistics::AccessStatistics,
    access_notice_change::AccessNoticeChange,
    password_check::PasswordCheck,
    password_generate::PasswordGenerate,
    password_change::PasswordChange,
    expired_password_start::ExpiredPasswordStart,
    expired_password_signature::ExpiredPasswordSignature,
    expired_password_smart_card::ExpiredPasswordSmartCard,
    expired_password_finish::ExpiredPasswordFinish,
    username_recover::UsernameRecover,
    password_recover_start::PasswordRecoverStart,
    password_recover_code::PasswordRecoverCode,
    password_recover_finish::PasswordRecoverFinish,
    emergency_code_recover_start::EmergencyCodeRecoverStart,
    emergency_code_recover_finish::EmergencyCodeRecoverFinish,
    block_emergency::BlockEmergency,
    block_by_link_read::BlockByLinkRead,
    block_by_link::BlockByLink,
    unlock_by_link_read::UnlockByLinkRead,
    unlock_by_link::UnlockByLink,
}
