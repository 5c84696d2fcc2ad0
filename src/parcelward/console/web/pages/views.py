"""Saving, renaming and removing one's own views of the desk."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from parcelward.console.choices import FormError
from parcelward.console.people.views import Views
from parcelward.console.web.office import account_of, fields_of, form_of, office_of
from parcelward.console.web.pages.desk import show_desk
from parcelward.console.web.saved_views import desk_path
from parcelward.console.web.wanted import Wanted
from parcelward.console.web.words import word

router = APIRouter()


@router.post("/desk/views")
def change_views(request: Request, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Do what the form says with one of the person's views, and go back to the desk."""
    views, person, fields = Views(office_of(request).database), account_of(request).name, fields_of(form)
    wanted, name, new_name = Wanted.from_text(fields.get("list", "")), fields.get("of", ""), fields.get("name", "")
    try:
        match fields.get("do"):
            case "save":
                views.save(person, new_name, wanted.text, request.state.now_ms)
            case "rename":
                views.rename(person, name, new_name)
            case "remove":
                views.remove(person, name)
            case "start":
                views.begin_with(person, name)
            case "start_plainly":
                views.begin_with(person, None)
            case _:
                raise HTTPException(400)
    except FormError as error:
        return show_desk(request, wanted, None, [word(error.problem, request.state.language)], 422)
    return RedirectResponse(desk_path(wanted.text), 303)
