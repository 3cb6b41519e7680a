# Registers Reencodarr's $role as a task that starts with Windows, whoever is logged on. In PowerShell as administrator:
#     reencodarr service $role --platform windows --script | Set-Content -Encoding oem '$script'
#     reencodarr service $role --platform windows | Out-String | Invoke-Expression
$$action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument '/c "$script"' -WorkingDirectory '$folder'
$$trigger = New-ScheduledTaskTrigger -AtStartup
$$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable `
    -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) `
    -MultipleInstances IgnoreNew -Priority 7
$$owner = New-ScheduledTaskPrincipal -UserId '$user' -LogonType S4U
Register-ScheduledTask -TaskName '$unit' -Action $$action -Trigger $$trigger -Settings $$settings -Principal $$owner -Force
Start-ScheduledTask -TaskName '$unit'
