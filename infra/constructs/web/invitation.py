"""The mail that invites somebody, in both languages: nobody has chosen one before the sign-in.

Cognito fills in `{username}` and `{####}` (the temporary password) and sends it as HTML.
"""

SUBJECT = "VisionFlow: your invitation / 초대 안내"
# Days for which the temporary password is good.
VALID_DAYS = 7


def invitation(url: str) -> str:
    """The mail's text; ``url`` is where the page is opened."""
    link = f'<a href="{url}">{url}</a>'
    english = (
        "You are invited to VisionFlow.",
        f"Open {link} and sign in as {{username}} with this temporary password:",
        "<b>{####}</b>",
        "You choose your own password then. The temporary one is good for"
        f" {VALID_DAYS} days; after that, ask for another invitation.",
    )
    korean = (
        "VisionFlow에 초대되었습니다.",
        f"{link} 페이지를 열고 아래의 사용자 이름과 임시 비밀번호로 로그인하십시오.",
        "사용자 이름: {username}",
        "임시 비밀번호: <b>{####}</b>",
        f"로그인한 뒤 새 비밀번호를 설정합니다. 임시 비밀번호는 {VALID_DAYS}일 동안 유효합니다."
        " 기간이 지나면 초대를 다시 요청하십시오.",
    )
    return "".join(f"<p>{'<br>'.join(lines)}</p>" for lines in (english, korean))
