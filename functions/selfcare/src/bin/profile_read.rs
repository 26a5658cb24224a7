//! The Lambda function of `selfcare.profile.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::profile_read)
}
