//! The selfcare: what its holder does with an identity.

mod access_view;
mod confirmation;
mod deadline_text;
mod new_password;
mod residence;
mod second_factor;
mod sign_in;

sportello_runtime::operations! {
    sign_in_start::SignInStart,
    sign_in_otp::SignInOtp,
    sign_in_otp_send::SignInOtpSend,
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
    deadline_list::DeadlineList,
    access_list::AccessList,
    access_statistics::AccessStatistics,
    access_notice_change::AccessNoticeChange,
    password_check::PasswordCheck,
    password_generate::PasswordGenerate,
    password_change::PasswordChange,
    expired_password_start::ExpiredPasswordStart,
    expired_password_finish::ExpiredPasswordFinish,
    block_by_link_read::BlockByLinkRead,
    block_by_link::BlockByLink,
    unlock_by_link_read::UnlockByLinkRead,
    unlock_by_link::UnlockByLink,
}
