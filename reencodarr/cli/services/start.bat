@echo off
rem Starts Reencodarr's $role again unless it ended because it was asked to, with the settings in $settings (NAME=value, one a line).
set "$data"
if exist "$settings" for /f "usebackq eol=# tokens=1,* delims==" %%a in ("$settings") do set "%%a=%%b"
cd /d "$folder" 2>nul
:again
$command
if %errorlevel% equ 0 exit /b 0
ping -n 16 127.0.0.1 >nul
goto again
