"""Words of logging in by a provider of identities."""

from collections.abc import Mapping

LOGGING_IN: Mapping[str, tuple[str, str]] = {
    "log_in_provider": ("统一身份认证登录", "Log in with your organisation's account"),
    "log_in_or": ("或使用本系统账号", "or with an account of this console"),
    "problem_provider_away": (
        "统一身份认证暂时无法连接，请稍后重试。",
        "Your organisation's log-in cannot be reached at the moment. Try again later.",
    ),
    "problem_provider_refused": (
        "统一身份认证未确认您的身份，请重新登录。",
        "Your organisation's log-in did not confirm who you are. Log in again.",
    ),
    "problem_provider_again": (
        "登录已超时或被中断，请重新登录。",
        "The log-in took too long or was interrupted. Log in again.",
    ),
    "problem_no_role": (
        "您的单位账号尚未分配本系统的角色，请联系管理员。",
        "Your organisation's account has no role here. Ask whoever administers it.",
    ),
    "problem_disabled": (
        "您的账号已停用，请联系管理员。",
        "Your account here is disabled. Ask whoever administers it.",
    ),
}
